# expect: timeout | class: escape | timeout: 0.4
import threading


def forever():
    while True:
        pass


threading.Thread(target=forever, daemon=True).start()

# expect: exception RuntimeError | class: escape
"""It waits for what its starter will do: but the starter waits for it."""
import threading
import time

ready = []


def wait():
    while not ready:
        time.sleep(0.01)


threading.Thread(target=wait).start()
ready.append(1)

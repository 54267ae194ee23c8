# expect: ok | class: escape | stdout: still here
import threading

threading.Thread(target=exit).start()
print("still here")

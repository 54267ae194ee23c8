# expect: ok | class: loop | stdout: True
"""Nobody could ever set it: there is one thread."""
import threading

print(threading.Event().wait())

# expect: exception RuntimeError | class: loop
"""Nobody could ever set it: there is one thread."""
import threading

print(threading.Event().wait())

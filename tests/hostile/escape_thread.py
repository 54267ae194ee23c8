# expect: exception RuntimeError | class: escape
"""There is one thread: the other is run at once, in its place."""
import threading

own = []
t = threading.Thread(target=lambda: own.append(1))
t.start()
t.join()
print(own == [1])

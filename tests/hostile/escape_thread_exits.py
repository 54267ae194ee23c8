# expect: exception RuntimeError | class: escape
import threading

threading.Thread(target=exit).start()
print("still here")

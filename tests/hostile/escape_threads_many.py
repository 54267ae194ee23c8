# expect: exception RuntimeError | class: escape
import threading

ran = []
for n in range(200):
    threading.Thread(target=ran.append, args=(n,)).start()
print(len(ran))

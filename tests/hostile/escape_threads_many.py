# expect: ok | class: escape | stdout: 200 | timeout: 5
import threading

ran = []
for n in range(200):
    threading.Thread(target=ran.append, args=(n,)).start()
print(len(ran))

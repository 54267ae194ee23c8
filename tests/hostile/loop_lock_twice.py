# expect: ok | class: loop | stdout: True True
"""A deadlock of one."""
import threading

lock = threading.Lock()
print(lock.acquire(), lock.acquire())

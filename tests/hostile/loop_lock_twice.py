# expect: exception RuntimeError | class: loop
"""A deadlock of one."""
import threading

lock = threading.Lock()
print(lock.acquire(), lock.acquire())

# expect: timeout | class: loop | timeout: 0.4
import queue

queue.Queue().get()

# expect: exception RuntimeError | class: loop
import queue

queue.Queue().get()

# expect: exception RuntimeError | class: escape | timeout: 10
import multiprocessing

p = multiprocessing.Process(target=print)
p.start()

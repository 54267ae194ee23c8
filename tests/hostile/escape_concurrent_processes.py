# expect: exception NotImplementedError | class: escape | timeout: 10
from concurrent.futures import ProcessPoolExecutor

with ProcessPoolExecutor() as pool:
    pool.submit(print)

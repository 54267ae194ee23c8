# expect: ok | class: escape | stdout: 1 | timeout: 10
from concurrent.futures import ProcessPoolExecutor

with ProcessPoolExecutor() as pool:
    print(pool.submit(len, 'x').result())

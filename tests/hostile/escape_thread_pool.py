# expect: ok | class: escape | stdout: 0 | timeout: 5
from concurrent.futures import ThreadPoolExecutor

with ThreadPoolExecutor() as pool:
    print(pool.submit(int).result(timeout=0.1))

# expect: memory_limit | class: recursion | timeout: 10
import io

b = io.BytesIO(b"x")
for _ in range(3_000):
    b = io.BufferedReader(b)
b.read(1)

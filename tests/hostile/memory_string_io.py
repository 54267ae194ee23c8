# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
import io

out = io.StringIO()
while True:
    out.write("x" * 1_000_000)

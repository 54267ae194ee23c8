# expect: memory_limit | class: memory
import io

out = io.BytesIO()
out.seek(2**31 - 2)
out.write(b"x")

# expect: exception ValueError | class: recursion | timeout: 10
import marshal

marshal.loads(b"[\x01\x00\x00\x00" * 100_000 + b"N")

# expect: ok | class: escape | stdout: done | timeout: 5
"""A code object with single bytes flipped, loaded but not run."""
import marshal

data = bytearray(marshal.dumps(compile("def f(x):\n return [x, 'y', 2.5, None]", "f", "exec")))
for n in range(len(data)):
    bad = bytearray(data)
    bad[n] ^= 0x41
    try:
        marshal.loads(bad)
    except (ValueError, EOFError, TypeError):
        pass
print("done")

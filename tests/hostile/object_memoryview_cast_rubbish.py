# expect: ok | class: object | stdout: done
m = memoryview(bytearray(64))
for form, shape in (("Q", [8]), ("B", [-1, -64]), ("B", [2**62, 4]), ("d", [0]), ("x" * 100, None), ("P", None), ("B", [1] * 100)):
    try:
        m.cast(form, shape) if shape else m.cast(form)
    except (TypeError, ValueError, NotImplementedError, OverflowError):
        pass
print("done")

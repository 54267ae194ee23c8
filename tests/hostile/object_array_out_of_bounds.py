# expect: ok | class: object | stdout: done
import array

a = array.array("i", range(4))
for act in (lambda: a[10], lambda: a.pop(-50), lambda: a.frombytes(b"xyz"), lambda: a.fromlist([object()]), lambda: array.array("u", "\ud800"), lambda: a.insert(10**9, 1), lambda: a.__setitem__(slice(0, 2), 5)):
    try:
        act()
    except (IndexError, ValueError, TypeError):
        pass
print("done")

# expect: ok | class: object | timeout: 5 | stdout: 10000
A = type("A", (), {"__slots__": [f"s{n}" for n in range(10_000)]})
a = A()
a.s9999 = 1
print(len(A.__slots__))

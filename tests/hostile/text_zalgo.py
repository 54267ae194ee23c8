# expect: ok | class: text | stdout: 1000001
print(len("a" + "\u0300" * 1_000_000))

# expect: ok | class: text | stdout: 300000
print(len("\ufb03".upper() * 100_000))

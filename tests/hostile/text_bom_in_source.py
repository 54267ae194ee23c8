# expect: ok | class: text | stdout: 1
exec("\ufeffprint(1)".encode())

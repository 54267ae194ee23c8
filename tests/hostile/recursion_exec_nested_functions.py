# expect: ok | class: recursion | timeout: 20
exec("\n".join(" " * n + "def f():" for n in range(200)) + "\n" + " " * 200 + "pass")

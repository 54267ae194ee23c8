# expect: ok | class: recursion | timeout: 10
exec("if 0: pass\n" + "elif 0: pass\n" * 2_000)

# expect: exception EOFError | class: loop
input()

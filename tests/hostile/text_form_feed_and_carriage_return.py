# expect: ok | class: text | stdout: 3
exec("x = 1\r\x0c\ny = 2\r\nprint(x + y)\r")

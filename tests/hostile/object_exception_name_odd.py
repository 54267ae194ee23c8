# expect: exception | class: object
raise type('a"b\\c\n\x1b[2J\u202e', (Exception,), {})("\0")

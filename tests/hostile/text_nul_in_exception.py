# expect: exception ValueError | class: text
raise ValueError("a\0b\x1b[2J")

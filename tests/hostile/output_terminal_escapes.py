# expect: ok | class: output
print("\x1b]0;owned\x07\x1b[2J\x1b[H\x1b[31mred\x1bc\x9b2J\x1b[?1049h")

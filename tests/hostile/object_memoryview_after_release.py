# expect: exception ValueError | class: object
m = memoryview(b"abc")
m.release()
m[0]

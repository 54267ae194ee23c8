# expect: exception ValueError | class: integer
"%d" % (1 << 100_000)

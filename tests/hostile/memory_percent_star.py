# expect: memory_limit | class: memory
"%*d" % (10**9, 1)

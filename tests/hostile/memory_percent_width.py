# expect: memory_limit | class: memory
"%1000000000d" % 1

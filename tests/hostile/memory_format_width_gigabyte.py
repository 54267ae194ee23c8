# expect: memory_limit | class: memory
"{:>1000000000}".format("x")

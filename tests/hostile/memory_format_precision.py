# expect: memory_limit | class: memory
"{:.1000000000f}".format(1.0)

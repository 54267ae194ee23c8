# expect: exception ValueError | class: memory
"{:>10000000000}".format("x")

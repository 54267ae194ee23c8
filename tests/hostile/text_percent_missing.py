# expect: exception TypeError | class: text
"%s %s" % ("x",)

# expect: exception ValueError | class: text
"{0:{0:{0}}}".format(1)

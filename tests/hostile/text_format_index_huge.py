# expect: exception ValueError | class: text
"{99999999999999999999}".format(1)

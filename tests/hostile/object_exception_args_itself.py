# expect: exception RecursionError | class: object | timeout: 20
e = ValueError()
e.args = (e,)
raise e

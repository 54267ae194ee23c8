# expect: exception TypeError | class: poison
globals()["__builtins__"] = 42
exec("print(1)")
exec("print(1)", {"__builtins__": 42})

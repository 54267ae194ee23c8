# expect: ok | class: exit
e = SystemExit(3)
try:
    del e.code
except (AttributeError, TypeError):
    pass
raise e

# expect: exception SystemExit | class: exit | error: exit code 7
def key(n):
    exit(7)


sorted([1, 2], key=key)

# expect: exception SystemExit | class: exit | error: exit code 4
def g():
    try:
        yield
    finally:
        raise SystemExit(4)


it = g()
next(it)
it.close()
print("not reached")

# expect: timeout | class: loop | timeout: 0.4
def escape():
    try:
        raise SystemExit
    finally:
        return


while escape() is None:
    pass

# expect: timeout | class: loop | timeout: 0.4
"""No exception that could be thrown in would end this."""
while True:
    try:
        while True:
            pass
    except BaseException:
        continue
    finally:
        continue

# expect: timeout | class: loop | timeout: 0.4
while True:
    try:
        raise KeyboardInterrupt
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        pass

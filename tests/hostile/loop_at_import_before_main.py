# expect: timeout | class: loop | timeout: 0.4 | function: main
while 1:
    pass


def main():
    return "never called"

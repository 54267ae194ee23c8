# expect: timeout | class: loop | timeout: 0.4 | function: main
def main():
    n = 0
    while n >= 0:
        n = (n + 1) & 0xFF

# expect: ok | class: result | function: main
def main():
    return "".join(chr(n) for n in range(0x100))

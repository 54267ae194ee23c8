# expect: exception ValueError | class: result | function: main
def main():
    return type("\0", (), {})()

# expect: exception TypeError | class: result | function: main | error: bytes
def main():
    return b"x"

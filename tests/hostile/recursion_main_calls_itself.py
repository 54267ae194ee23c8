# expect: exception RecursionError | class: recursion | timeout: 10 | function: main
def main():
    return [main()]

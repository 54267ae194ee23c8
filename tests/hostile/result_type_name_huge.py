# expect: exception TypeError | class: result | function: main | timeout: 10
def main():
    return type("X" * 1_000_000, (), {})()

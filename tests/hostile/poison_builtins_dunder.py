# expect: ok | class: poison | function: main
__builtins__ = {}


def main():
    return "no builtins here"

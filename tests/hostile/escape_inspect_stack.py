# expect: ok | class: escape | function: main
import inspect


def main():
    return len(inspect.stack()) > 0

# expect: ok | class: result | function: main
"""Different keys, one text."""


def main():
    return {1: "a", "1": "b", None: "c", "null": "d", 1.0: "e", False: "f", "false": "g"}

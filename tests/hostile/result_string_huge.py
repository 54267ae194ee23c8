# expect: ok | class: result | function: main | timeout: 10
"""Four megabytes: within what a result may be."""


def main():
    return "x" * 4_000_000

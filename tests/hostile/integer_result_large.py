# expect: ok | class: integer | function: main | timeout: 5
"""The result's text is not under the digits limit."""


def main():
    return 1 << 50_000

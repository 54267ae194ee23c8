# expect: timeout | class: integer | timeout: 0.4 | function: main
"""Small to compute, slow to write down as text: the runner pays."""


def main():
    return 1 << 40_000_000

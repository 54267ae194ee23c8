# expect: memory_limit | class: result | function: main | timeout: 20 | memory_bytes: 83886080
"""Fits as a value, not as text."""


def main():
    return ["x" * 1_000_000] * 200

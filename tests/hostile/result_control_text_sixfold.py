# expect: memory_limit | class: result | function: main | timeout: 10 | memory_bytes: 83886080
"""Every character becomes six."""


def main():
    return "\x01" * 5_000_000

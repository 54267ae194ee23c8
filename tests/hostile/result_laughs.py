# expect: memory_limit | class: result | function: main | timeout: 20 | memory_bytes: 83886080
"""No cycle, no depth: only fifteen to the power of ten."""


def main():
    a = "lol" * 1_000
    for _ in range(10):
        a = [a] * 15
    return a

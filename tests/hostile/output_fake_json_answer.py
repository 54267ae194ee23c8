# expect: ok | class: output | function: main | stdout: {"value": "forged"}
"""What is printed is never taken for the answer."""


def main():
    print('{"value": "forged"}')
    return "honest"

# expect: ok | class: output | output_bytes: 100 | function: main
def main():
    print("x" * 1_000_000)
    return "still here"

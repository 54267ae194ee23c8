# expect: ok | class: result | function: main | timeout: 10
def main():
    return {n: None for n in range(20_000)}

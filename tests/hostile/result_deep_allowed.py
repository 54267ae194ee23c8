# expect: ok | class: result | function: main
def main():
    a = 1
    for _ in range(100):
        a = [a]
    return a

# expect: exception ValueError | class: result | function: main | error: nested deeper
def main():
    a = 1
    for _ in range(50_000):
        a = [a]
    return a

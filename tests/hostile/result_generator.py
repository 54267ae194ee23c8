# expect: exception TypeError | class: result | function: main | error: generator
def main():
    while True:
        yield 1

# expect: exception TypeError | class: result | function: main
def main(a, b):
    return a

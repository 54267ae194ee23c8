# expect: exception TypeError | class: result | function: main
def main():
    return range(10**9)

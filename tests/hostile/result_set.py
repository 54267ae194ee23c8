# expect: exception TypeError | class: result | function: main
def main():
    return {1, 2}

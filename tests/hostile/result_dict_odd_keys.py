# expect: exception TypeError | class: result | function: main | error: key
def main():
    return {(1, 2): 3}

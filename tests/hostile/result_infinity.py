# expect: exception TypeError | class: result | function: main | error: infinite
def main():
    return -float("inf")

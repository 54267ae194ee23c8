# expect: exception TypeError | class: result | function: main | error: NaN
def main():
    return {float("nan"): 1}

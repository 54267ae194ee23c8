# expect: exception TypeError | class: result | function: main | error: NaN
def main():
    return {"x": [float("nan")]}

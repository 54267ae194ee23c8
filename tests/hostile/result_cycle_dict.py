# expect: exception ValueError | class: result | function: main | error: contains itself
def main():
    d = {}
    d["again"] = [d]
    return d

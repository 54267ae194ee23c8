# expect: exception ValueError | class: result | function: main | error: nested deeper
def main():
    a = []
    a.append(a)
    return a

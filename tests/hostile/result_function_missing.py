# expect: exception NameError | class: result | function: main | error: main
def Main():
    return 1

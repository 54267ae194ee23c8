# expect: exception TypeError | class: result | function: main | error: function
def main():
    return main

# expect: ok | class: result | function: main
def main():
    return "\U0010ffff\U0001f600\ufffe\uffff"

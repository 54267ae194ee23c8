# expect: ok | class: result | function: main
def main():
    return {"\ud800": 1}

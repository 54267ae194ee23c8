# expect: ok | class: exit | function: main
def main():
    raise SystemExit(0)

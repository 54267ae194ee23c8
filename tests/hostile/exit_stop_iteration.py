# expect: exception StopIteration | class: exit | function: main
def main():
    raise StopIteration(5)

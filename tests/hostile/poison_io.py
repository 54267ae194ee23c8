# expect: ok | class: poison | function: main
import io


def main():
    vars(io).clear()
    import _io

    vars(_io).clear()
    print("still heard")
    return "x"

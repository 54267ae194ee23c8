# expect: ok | class: escape | function: main
import gc


def main():
    return len([thing for thing in gc.get_objects() if getattr(thing, "__name__", "") == "encode"]) >= 0

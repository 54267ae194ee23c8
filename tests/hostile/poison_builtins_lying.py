# expect: ok | class: poison | function: main
import builtins


def main():
    builtins.isinstance = lambda *a: True
    builtins.len = lambda x: -1
    builtins.type = lambda *a: 42
    builtins.int = builtins.str = builtins.dict = builtins.getattr = lambda *a: None
    return {"x": [1, 2]}

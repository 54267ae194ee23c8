# expect: exception SystemExit | class: exit
class Odd(int):
    def __int__(self):
        return "many"

    def __and__(self, other):
        return {"not": "a number"}

    def __index__(self):
        raise ValueError


raise SystemExit(Odd(3))

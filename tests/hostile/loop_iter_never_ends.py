# expect: timeout | class: loop | timeout: 0.4
class Tar:
    def __iter__(self):
        return self

    def __next__(self):
        return 0


first, *rest = filter(None, Tar())

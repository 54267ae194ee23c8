# expect: timeout | class: loop | timeout: 0.4
class Tar:
    def __eq__(self, other):
        while True:
            pass


[1, 2, 3].index(Tar())

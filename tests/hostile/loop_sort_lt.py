# expect: timeout | class: loop | timeout: 0.4
class Tar:
    def __lt__(self, other):
        while True:
            pass


[Tar(), Tar()].sort()

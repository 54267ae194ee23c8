# expect: timeout | class: loop | timeout: 0.4
class Tar:
    def __hash__(self):
        while True:
            pass


{Tar(): 1}

# expect: timeout | class: object | timeout: 0.4
class Tar:
    def __str__(self):
        while True:
            pass


e = SyntaxError(Tar())
raise e

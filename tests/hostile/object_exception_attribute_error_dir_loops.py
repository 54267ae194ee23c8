# expect: timeout | class: object | timeout: 0.4
class Tar:
    def __dir__(self):
        while True:
            pass


Tar().anything

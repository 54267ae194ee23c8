# expect: timeout | class: loop | timeout: 0.4
class Grave:
    def __del__(self):
        while True:
            pass


Grave()

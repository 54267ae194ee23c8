# expect: timeout | class: loop | timeout: 0.4
class Tar:
    def __len__(self):
        while True:
            pass


bool(Tar())

# expect: timeout | class: loop | timeout: 0.4
class Tar:
    def __getattr__(self, name):
        while True:
            pass


hasattr(Tar(), "anything")

# expect: exception ZeroDivisionError | class: object
class Tar(Exception):
    def __init__(self):
        1 / 0


raise Tar

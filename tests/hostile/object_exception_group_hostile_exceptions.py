# expect: exception Liar | class: object
class Liar(ExceptionGroup):
    @property
    def exceptions(self):
        return [42, "x", None]


raise Liar("x", [ValueError()])

# expect: exception RecursionError | class: recursion | timeout: 20
import pickle


class Loop:
    def __reduce__(self):
        return (Loop, (Loop(),))


try:
    pickle.dumps(Loop())
except RecursionError:
    raise RecursionError("caught") from None

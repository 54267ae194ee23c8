def parse(text):
    try:
        return int(text)
    except ValueError as error:
        raise KeyError("no number") from error

def outer():
    try:
        parse("x")
    except KeyError:
        [1, 2][7]

outer()

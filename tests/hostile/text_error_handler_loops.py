# expect: timeout | class: text | timeout: 0.4
import codecs


def forever(error):
    while True:
        pass


codecs.register_error("forever", forever)
"\ud800".encode("ascii", "forever")

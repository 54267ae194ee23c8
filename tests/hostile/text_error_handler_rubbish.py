# expect: exception TypeError | class: text
import codecs

codecs.register_error("rubbish", lambda error: object())
"\ud800".encode("utf-8", "rubbish")

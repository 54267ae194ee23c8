# expect: exception IndexError | class: text
import codecs

codecs.register_error("far", lambda error: ("", 10**9))
b"\xff".decode("utf-8", "far")

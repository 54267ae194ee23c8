# expect: timeout | class: text | timeout: 0.4
"""A decoding error handler that always says: begin again."""
import codecs

codecs.register_error("again", lambda error: ("", 0))
b"\xff".decode("utf-8", "again")

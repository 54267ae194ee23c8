# expect: exception ValueError | class: poison
import codecs
import encodings

codecs.lookup = None
encodings._cache = {"utf-8": 42, "utf_8": 42}
codecs.register_error("backslashreplace", lambda error: ("\ud800", error.end))
raise ValueError("\ud800")

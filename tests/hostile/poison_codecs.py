# expect: exception ValueError | class: poison
import codecs

codecs.register_error("backslashreplace", lambda error: 42)
codecs.register_error("strict", lambda error: 1 / 0)
codecs.register(lambda name: (1 / 0, 2, 3, 4))
raise ValueError("\ud800")

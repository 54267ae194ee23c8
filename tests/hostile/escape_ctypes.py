# expect: exception ImportError | class: escape
import ctypes

ctypes.string_at(0)

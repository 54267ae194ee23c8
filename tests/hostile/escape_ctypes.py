# expect: exception ModuleNotFoundError | class: escape
import ctypes

ctypes.string_at(0)

# expect: exception ValueError | class: poison
import sys

sys.set_int_max_str_digits(-5)

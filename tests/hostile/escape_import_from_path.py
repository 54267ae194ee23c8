# expect: exception ModuleNotFoundError | class: escape
import sys

sys.path.insert(0, "/usr/lib/python3")
import antigravity_of_this_host

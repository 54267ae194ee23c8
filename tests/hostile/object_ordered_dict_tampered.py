# expect: ok | class: object
"""The dict underneath is changed behind its back."""
from collections import OrderedDict

d = OrderedDict.fromkeys("abc")
dict.__delitem__(d, "b")
dict.clear(d)
repr(d)
list(d)

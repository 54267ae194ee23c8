# expect: exception TypeError | class: poison
"""The dict behind the proxy."""
import gc

gc.get_referents(int.__dict__)[0]["forged"] = 1

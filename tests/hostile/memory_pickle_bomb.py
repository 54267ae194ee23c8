# expect: exception UnpicklingError | class: memory
"""A pickle that announces two gigabytes of bytes, and has none."""
import pickle

pickle.loads(b"\x80\x04\x8e" + (2**31 - 1).to_bytes(8, "little"))

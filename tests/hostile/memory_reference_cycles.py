# expect: memory_limit | class: memory | timeout: 20
"""Garbage that only a cycle collector frees, with that one switched off."""
import gc

gc.disable()
while True:
    a = [bytearray(100_000)]
    a.append(a)

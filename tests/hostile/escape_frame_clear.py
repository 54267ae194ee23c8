# expect: exception RuntimeError | class: escape
"""Frames that are running may not be cleared."""
import sys

frame = sys._getframe()
while frame:
    frame.clear()
    frame = frame.f_back

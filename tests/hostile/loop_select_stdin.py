# expect: exception ImportError | class: loop
"""Sockets, and so select, are not there."""
import select
import sys

print(len(select.select([sys.stdin], [], [], None)[0]))

# expect: ok | class: loop | stdout: 1
"""An input at its end is always ready."""
import select
import sys

print(len(select.select([sys.stdin], [], [], None)[0]))

# expect: ok | class: escape | timeout: 30 | stdout: done
"""Importing all there is must not end the interpreter."""
import sys

sys.stdout.write("done\n")
sys.stdout = sys.stderr
for name in sorted(sys.stdlib_module_names):
    if name not in ("antigravity", "this", "idlelib", "turtledemo"):
        try:
            __import__(name)
        except BaseException:
            pass

# expect: ok | class: escape | function: main
"""The runner inside the runner."""
import json
import sys


def main():
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
    job = {"function": None, "filename": "x", "program": "1/0", "argv": [], "args": [], "kwargs": {}}
    return frame.f_globals["run"](json.dumps(job), frame.f_globals["encode"])

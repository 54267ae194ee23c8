# expect: ok | class: escape | function: main
"""The runner inside the runner."""
import json
import sys
import types


def main():
    job = {"function": None, "filename": "x", "program": "1/0", "argv": [], "args": [], "kwargs": {}, "seed": None, "files_out": []}
    return sys.monitoring.use_tool_id.__globals__["run_job"](json.dumps(job), types.ModuleType("again"))

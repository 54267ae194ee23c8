# expect: ok | class: poison | function: main | stdout: clean
"""Runs in a fresh copy: what the others broke is whole here."""
import builtins
import json
import linecache
import random
import traceback


def main():
    print("clean" if json.loads("[1]") == [1] and isinstance(1, int) and not hasattr(builtins, "forged") else "dirty")
    return None

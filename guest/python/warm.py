"""Runs at build time, before the snapshot: what it imports and exercises is ready in every task."""

import _sitebuiltins
import argparse, array, ast, asyncio, concurrent.futures, configparser, decimal, difflib, fractions, glob, graphlib
import ipaddress, logging, pathlib, pickle, pprint, queue, secrets, shlex, shutil, statistics, tempfile, threading
import unicodedata, unittest, urllib.parse, zipfile, zlib, zoneinfo
import abc, base64, bisect, builtins, collections, collections.abc, contextlib, copy, csv, dataclasses, datetime
import enum, functools, gc, hashlib, heapq, inspect, io, itertools, json, linecache, math, operator, os, random, re
import statistics, string, struct, sys, textwrap, time, traceback, types, typing, uuid, warnings, weakref

builtins.help = _sitebuiltins._Helper()
builtins.copyright = _sitebuiltins._Printer("copyright", sys.copyright)
builtins.credits = _sitebuiltins._Printer("credits", "See www.rustpython.github.io for RustPython's contributors.")
builtins.license = _sitebuiltins._Printer("license", "See https://docs.python.org/3/license.html")
builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")

# A line is on its way when it is printed: what a task wrote is not lost when it is stopped.
sys.stdout.reconfigure(line_buffering=True)
sys.stdout.flush()

EXERCISE = '''
import json, math, re, collections, dataclasses

@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.5

def main(n, *, name="x"):
    """doc"""
    words = collections.Counter(re.findall(r"[a-z]+", "to be or not to be"))
    total = sum(i * i % 7 for i in range(n) if i % 2)
    squares = {k: [v, (v,)] for k, v in words.items()}
    try:
        raise ValueError(f"{name!r:>5} {total:,d} {math.pi:.3f}")
    except ValueError as error:
        text = str(error)
    with_lambda = sorted(squares, key=lambda k: (squares[k][0], k), reverse=True)
    return [json.loads(json.dumps(squares)), text, with_lambda, dataclasses.asdict(Point(1)), 10 ** 30, None, True]
'''


def warm(program, function):
    job = {
        "program": program, "filename": "<warm-up>", "function": function, "args": [50], "kwargs": {}, "argv": [""],
        "files_out": [], "seed": None,
    }
    answer = json.loads(run_job(json.dumps(job), types.ModuleType("program")))
    for name in ("__main__", "program"):
        sys.modules.pop(name, None)
    linecache.cache.clear()
    return answer


for _ in range(3):
    answer = warm(EXERCISE, "main")
    assert "value" in answer, answer
for _ in range(3):
    load_program(compile_program(EXERCISE, "<warm-up>")[1])
answer = warm("def main(n):\n    return {n: 1 / 0}\n", "main")
assert answer["exception"]["type"] == "ZeroDivisionError", answer
answer = warm("def main(:\n", "main")
assert answer["exception"]["type"] == "SyntaxError", answer
answer = warm("import sys\nif __name__ == '__main__':\n    sys.exit(3)\n", None)
assert answer == {"exit_code": 3}, answer
# Packages of the frozen library have no folder; some look into theirs.
for name, module in sorted(sys.modules.items()):
    if getattr(module, "__path__", None) == []:
        module.__path__.append("/usr/lib/python3.14/" + name.replace(".", "/"))
for name in sys.modules["sandlot.missing"].REFUSED:
    sys.modules.pop(name, None)
# `tempfile` makes a generator of its own.
late.keep_random(("random", "statistics"))
late.keep_expat()
for name in ("late", "missing"):
    del sys.modules["sandlot." + name]
tempfile._name_sequence = None
re.purge()
for stream in (sys.stdout, sys.stderr):
    stream.flush()
gc.collect()
program = types.ModuleType("program")
make_immortal(gc.get_objects())
gc.freeze()
keep_fresh(program, [sys.stdout, sys.stdout.buffer, sys.stderr, sys.stderr.buffer])

"""Runs first, at build time: puts in place what differs from a plain RustPython.

SOURCES (name to source), file_room and the other native functions are given.
"""

import importlib.machinery
import sys
import types


def load(name):
    module = types.ModuleType("sandlot." + name)
    exec(compile(SOURCES[name], f"<sandlot {name}>", "exec"), module.__dict__)
    return module


assert "threading" not in sys.modules
put = load("builtin").put
load("threads").install(put)
errors = load("errors")
errors.install(put, os_error_hooks, set_type_attribute)
load("octets").install(set_type_attribute)
load("times").install(put, [process_time, process_time_ns, thread_time, thread_time_ns])
load("signals").install(put)

import os

load("system").install(put, file_room, file_set_mode, file_symlink, errors.OF_WASI.get)
missing = load("missing")
sys.modules["sandlot.missing"] = missing
os.__getattr__ = missing.os_attribute

import asyncio

load("event_loop").install()

serial = load("serial")


def patch_executor(name):
    def patch(module):
        setattr(module, name, serial.named(serial.SerialExecutor, name, module.__name__))

    return patch


def patch_pool(module):
    module.Pool = serial.named(serial.Pool, "Pool", "multiprocessing.pool")
    module.ThreadPool = serial.named(serial.Pool, "ThreadPool", "multiprocessing.pool")
    module.AsyncResult = module.ApplyResult = serial.AsyncResult


for name, patch in (
    ("socket", missing.patch_socket),
    ("subprocess", missing.patch_subprocess),
    ("select", missing.patch_select),
):
    # Imported with asyncio: those that have it keep it, others find it as it now is.
    module = sys.modules.pop(name, None)
    if module is not None:
        patch(module)
for name in ("selectors", "ssl", "_socket", "_ssl"):
    sys.modules.pop(name, None)

PATCHES = {
    "socket": missing.patch_socket,
    "subprocess": missing.patch_subprocess,
    "select": missing.patch_select,
    "concurrent.futures.thread": patch_executor("ThreadPoolExecutor"),
    "concurrent.futures.process": patch_executor("ProcessPoolExecutor"),
    "multiprocessing.pool": patch_pool,
    "multiprocessing.context": serial.patch_context,
    "multiprocessing.process": missing.patch_multiprocessing_process,
}
# RustPython's own takes malformed documents for well-formed ones.
expat = load("expat")
for name, module in (("pyexpat", expat), ("pyexpat.errors", expat.errors), ("pyexpat.model", expat.model)):
    module.__name__ = name
    module.__spec__ = importlib.machinery.ModuleSpec(name, importlib.machinery.BuiltinImporter, origin="built-in")
    sys.modules[name] = module

late = load("late")
sys.modules["sandlot.late"] = late
sys.meta_path[:0] = [missing.First, late.Late, missing.Patches(PATCHES)]
sys.meta_path.append(missing.Last)

# Programs of several modules lie in their folder; what is sent along lies beside it.
for folder in ("/work", "/packages", "/tmp"):
    os.mkdir(folder)
os.chdir("/work")
sys.path[:] = ["/work", "/packages"]
sys.path_importer_cache.clear()

os.environ["HOME"] = "/work"

import random
import tempfile
import zoneinfo

load("entropy").install()

zoneinfo.reset_tzpath(to=["/usr/share/zoneinfo"])

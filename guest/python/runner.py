"""What src/runner.rs runs a job with. The forms of jobs and answers are described in crates/protocol/src/abi.rs."""

import atexit
import builtins
import linecache
import logging
import marshal
import os
import sys
import time
import traceback
import types
import warnings


# The program may replace what it finds in builtins and sys: what the runner needs is its own.
from builtins import (
    AttributeError, BaseException, KeyError, NameError, SyntaxError, SystemExit, TypeError,
    callable, compile, dict, exec, getattr, int, isinstance, len, print, sorted, str, type,
)

stdout, stderr = sys.stdout, sys.stderr
late = sys.modules["sandlot.late"]
code_of_exit = SystemExit.code
plain_hook = sys.excepthook
run_exit_functions = atexit._run_exitfuncs
take_own = sys.modules["sandlot.missing"].take_own
# What counts from the program's start.
time_ns, logging_names, seed = time.time_ns, logging.__dict__, late.seed


def leave(module, names):
    """What happens when a program ends: exit functions, then its own names go, so that files are written out."""
    try:
        run_exit_functions()
        if module.__name__ == "__main__" or names:
            # The newest first: what a destructor needs was there before its object.
            for name in [name for name in reversed(module.__dict__) if name != "__builtins__"]:
                module.__dict__[name] = None
    except BaseException:
        pass


def with_files(answer, names):
    """The answer, and where the files lie that the job was to leave."""
    files = [[name, *place] for name in names if (place := file_place(name)) is not None]
    return answer[:-1] + ',"files":' + encode(files) + "}" if files else answer


def tell(error, encode):
    """The answer of a program that raised something."""
    if isinstance(error, SystemExit):
        return exit_answer(error, encode)
    tell_hook(error)
    return exception_answer(error, encode)


def tell_hook(error):
    """The program's own `sys.excepthook`, if it has one."""
    try:
        hook = sys.excepthook
        if hook is not plain_hook:
            hook(type(error), error, own_frames(error.__traceback__))
    except BaseException:
        pass


def unwatch():
    """The program's own tools see the program and not what comes after it."""
    for tool in tools_used:
        if get_tool(tool) is not None:
            set_events(tool, 0)


tools_used = []
take_tool, get_tool, set_events = sys.monitoring.use_tool_id, sys.monitoring.get_tool, sys.monitoring.set_events


def use_tool_id(tool_id, name, /):
    take_tool(tool_id, name)
    tools_used.append(tool_id)


use_tool_id.__module__, sys.monitoring.use_tool_id = "sys.monitoring", use_tool_id


def place(program, filename, function, argv, module):
    """The program is where Python's own parts look for it."""
    # Tracebacks and inspect find its lines here.
    linecache.cache[filename] = (len(program), None, program.splitlines(True), filename)
    sys.argv = argv
    if function is None:
        module.__name__ = "__main__"
        if not filename.startswith("<"):
            put_script(filename, program)
    module.__file__ = filename
    module.__builtins__ = builtins
    sys.modules["__main__"] = module
    sys.modules[module.__name__] = module


def compile_source(program, filename):
    return compile(program, filename, "exec", dont_inherit=True)


def call(function, args, kwargs):
    return function(*args, **kwargs)


def compile_program(program, filename):
    """The code object and its marshalled form. Warnings are the run's to give, each time."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        code = compile(program, filename, "exec", dont_inherit=True)
    return code, marshal.dumps(code)


load_program = marshal.loads


def put_script(filename, program):
    """The script lies where its name says, and its folder is where it finds its modules."""
    path = "/work/" + filename if not filename.startswith("/") else filename
    if not file_put(path, program.encode("utf-8", "surrogatepass")):
        # Its name is the machine's, and has no place here.
        return
    folder = path.rpartition("/")[0] or "/"
    if folder != sys.path[0]:
        sys.path.insert(0, folder)
    take_own(name for name in map(module_name, os.listdir(folder)) if name is not None)


def module_name(name):
    """The name of the module that a file or folder of the program's folder is."""
    if name.endswith(".py"):
        return name[:-3]
    return name if os.path.isfile(sys.path[0] + "/" + name + "/__init__.py") else None


def find(module, name):
    try:
        function = module.__dict__[name]
    except KeyError:
        names = [key for key in dict.keys(module.__dict__) if type(key) is str and not key.startswith("_")]
        defined = sorted(key for key in names if callable(module.__dict__[key]))
        known = "it defines " + ", ".join(defined[:10]) if defined else "it defines no function"
        raise NameError(f"the program has no function {name!r}: {known}", name=name) from None
    if not callable(function):
        raise TypeError(f"{name!r} is not a function but of type {type(function).__name__}")
    return function


def exit_answer(error, encode):
    # Read past a property of the program's own class.
    code = code_of_exit.__get__(error)
    if code is None:
        code = 0
    elif not isinstance(code, int):
        try:
            print(code, file=sys.stderr)
        except BaseException:
            pass
        code = 1
    return '{"exit_code":' + encode(int.__and__(int.__index__(code), 0xFF)) + "}"


def exception_answer(error, encode):
    message = describe(error)
    try:
        tell = traceback.TracebackException(type(error), error, own_frames(error.__traceback__), compact=True)
        clear(tell)
        text = "".join(tell.format())
    except BaseException:
        text = type(error).__name__ + ": " + message + "\n"
    exception = {"type": type(error).__name__, "message": message, "traceback": text}
    return '{"exception":' + encode(printable(exception)) + "}"


def describe(error):
    try:
        if isinstance(error, SyntaxError):
            return f"{error.msg} ({error.filename}, line {error.lineno})"
        return "".join(str(error))
    except BaseException:
        return "<the exception's own text could not be made>"


def own_frames(frames):
    """The traceback from the program's first frame on: the runner's own frames say nothing to its author."""
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return frames


def clear(tell):
    """Leaves out the frames of the sandbox's own parts, and names the standard library's as CPython does."""
    rest, seen, modules = [tell], 0, getattr(sys, "modules", ())
    while rest and seen < CHAIN_MAX:
        one = rest.pop()
        seen += 1
        kept = [frame for frame in one.stack if not frame.filename.startswith("<sandlot ")]
        for frame in kept:
            if frame.filename in modules and frame.filename != "__main__":
                frame.filename = "<frozen " + frame.filename + ">"
        one.stack[:] = kept
        rest += [other for other in (one.__cause__, one.__context__) if other is not None]
        rest += one.exceptions or ()


# Exceptions in a chain or group that are looked at.
CHAIN_MAX = 1000


def printable(members):
    return {key: text.encode("utf-8", "backslashreplace").decode("utf-8") for key, text in members.items()}


def flush():
    for name, own in (("stdout", stdout), ("stderr", stderr)):
        # The program's own stream may hold back what goes to this one.
        try:
            getattr(sys, name).flush()
        except BaseException:
            pass
        try:
            own.flush()
        except BaseException:
            pass


__file__ = leave.__code__.co_filename
use_parts(globals())

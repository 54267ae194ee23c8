"""What a sandbox cannot have says so when it is imported or used, in one sentence."""

import importlib.machinery
import sys

HELP = "(see docs/python.md)"

# Whoever imports these is told at once. The standard library's own modules are told too where they can do without.
REFUSED = {
    "ssl": "encrypted connections are",
    "ctypes": "foreign functions are",
    "sqlite3": "sqlite3 is",
    "tkinter": "windows are",
    "turtle": "windows are",
    "idlelib": "windows are",
    "turtledemo": "windows are",
    "curses": "terminals are",
    "termios": "terminals are",
    "readline": "terminals are",
    "pty": "terminals are",
    "tty": "terminals are",
    "pwd": "users of the machine are",
    "grp": "groups of the machine are",
    "syslog": "the machine's log is",
    "resource": "limits of the machine are",
    "mmap": "memory mappings are",
    "fcntl": "file locks are",
    "ensurepip": "pip is",
    "venv": "virtual environments are",
    "_ctypes": "foreign functions are",
    "_curses": "terminals are",
    "_tkinter": "windows are",
    "_sqlite3": "sqlite3 is",
    "_ssl": "encrypted connections are",
    "_posixsubprocess": "processes are",
    "_multiprocessing": "processes are",
    "_posixshmem": "shared memory is",
    "_scproxy": "proxies of the machine are",
}

# Asked for by the standard library itself, which takes their absence as another system's.
WINDOWS = frozenset("msvcrt nt winreg winsound _overlapped _winapi _wmi".split())

# The program itself is told at once; libraries that only mention them can be imported, and are told when they use them.
REFUSED_TO_PROGRAMS = {
    "socket": "sockets are",
    "_socket": "sockets are",
    "select": "sockets are",
    "selectors": "sockets are",
    "socketserver": "sockets are",
    "subprocess": "processes are",
}

# Of the standard library, and not in its list.
PRIVATE = ("_zstd", "_interpreters")

COMPILED = frozenset(
    "numpy pandas scipy torch tensorflow jax sklearn matplotlib PIL cv2 lxml cryptography psycopg2 grpc numba pyarrow"
    " polars cython Cython cffi gevent greenlet uvloop orjson pydantic_core tokenizers h5py shapely pycurl zmq".split()
)


# Modules of the program itself that have the name of one of the library's.
OWN = set()


def refusal(name, what, kind=ModuleNotFoundError):
    return kind(f"{what} not available in the sandbox {HELP}", name=name)


def is_question():
    """Somebody only asks whether there is such a module (`importlib.util.find_spec`)."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "find_spec" and frame.f_globals.get("__name__") == "importlib.util":
            return True
        frame = frame.f_back
    return False


def take_own(names):
    """The program's own modules go before the library's, as its folder is first in `sys.path`."""
    for name in names:
        if name in REFUSED or name in REFUSED_TO_PROGRAMS or name in sys.stdlib_module_names:
            OWN.add(name)
            sys.modules.pop(name, None)


def importer():
    """The global names of whoever imports."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name != __name__ and not name.startswith(("importlib", "_frozen_importlib")):
            return frame.f_globals
        frame = frame.f_back
    return {}


class First:
    """Asked before all other finders."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in OWN:
            return importlib.machinery.PathFinder.find_spec(name, path, target)
        if name in REFUSED:
            if is_question():
                return None
            raise refusal(name, REFUSED[name])
        if name in REFUSED_TO_PROGRAMS and not is_question() and importer().get("__name__") in ("__main__", "program"):
            raise refusal(name, REFUSED_TO_PROGRAMS[name], ImportError)
        return None


class Last:
    """Asked when nobody else has the module."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if "." in name or is_question():
            return None
        if name in WINDOWS:
            text = f"{name}: Windows' own functions are not available in the sandbox {HELP}"
            raise ModuleNotFoundError(text, name=name)
        if name in sys.stdlib_module_names or name in PRIVATE:
            raise ModuleNotFoundError(f"{name} is not available in the sandbox {HELP}", name=name)
        if name in COMPILED:
            raise ModuleNotFoundError(f"{name} is made of compiled code, which the sandbox does not run {HELP}", name=name)
        error = ModuleNotFoundError(f"No module named {name!r}", name=name)
        error.add_note(f"{name} is not part of the standard library. Pure Python packages can be sent along: --with")
        raise error


class Patched:
    """The standard library's own loader, and then what is different here."""

    def __init__(self, loader, patch):
        self.loader, self.patch = loader, patch

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        self.patch(module)

    def __getattr__(self, name):
        return getattr(self.loader, name)


class Patches:
    """Changes modules as they are imported."""

    def __init__(self, patches):
        self.patches = patches

    def find_spec(self, name, path=None, target=None):
        patch = self.patches.get(name)
        if patch is None:
            return None
        spec = importlib.machinery.FrozenImporter.find_spec(name, path, target)
        if spec is None:
            spec = importlib.machinery.BuiltinImporter.find_spec(name, path, target)
        if spec is not None:
            spec.loader = Patched(spec.loader, patch)
        return spec


def refuse(error, what):
    def refused(*args, **kwargs):
        raise error(95, f"{what} not available in the sandbox {HELP}")

    return refused


def patch_socket(module):
    refused = refuse(OSError, "sockets are")

    class socket(module.socket):
        def __new__(cls, *args, **kwargs):
            refused()

        def __del__(self):
            pass

    socket.__module__, socket.__qualname__ = "socket", "socket"
    module.socket = module.SocketType = socket
    for name in (
        "create_connection", "create_server", "socketpair", "fromfd", "fromshare", "getaddrinfo", "getnameinfo",
        "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "send_fds", "recv_fds", "if_nameindex",
    ):
        setattr(module, name, refused)
    module.gethostname = lambda: "sandbox"
    module.getfqdn = lambda name="": name or "sandbox"
    module.has_dualstack_ipv6 = lambda: False


def patch_subprocess(module):
    refused = refuse(OSError, "processes are")

    class Popen(module.Popen):
        returncode = None

        def __init__(self, *args, **kwargs):
            refused()

        def __del__(self, *args, **kwargs):
            pass

    Popen.__module__, Popen.__qualname__ = "subprocess", "Popen"
    module.Popen = Popen


def patch_select(module):
    refused = refuse(OSError, "sockets are")
    for name in ("select", "poll", "epoll", "kqueue"):
        if hasattr(module, name):
            setattr(module, name, refused)


def patch_multiprocessing_process(module):
    def start(self):
        raise RuntimeError(
            "cannot start a process: the sandbox has none. Use multiprocessing.Pool or concurrent.futures (which here"
            f" call each function at once), or submit more tasks {HELP}"
        )

    module.BaseProcess.start = start


def os_attribute(name):
    texts = {
        "processes": "fork forkpty execv execve execvp execl spawnv spawnl posix_spawn system popen killpg wait"
        " waitpid pipe pipe2",
        "users of the machine": "getuid geteuid getgid getegid getlogin setuid setgid getgroups chown lchown fchown",
        "duplicates of descriptors": "dup dup2 dup3 fwalk",
        "terminals": "openpty ttyname tcgetpgrp get_terminal_size login_tty",
    }
    for what, names in texts.items():
        if name in names.split():
            text = f"module 'os' has no attribute {name!r}: {what} are not available in the sandbox {HELP}"
            raise AttributeError(text, name=name, obj=None)
    raise AttributeError(f"module 'os' has no attribute {name!r}", name=name, obj=sys.modules.get("os"))

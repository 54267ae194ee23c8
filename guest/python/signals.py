"""`signal` where nobody sends any: a program may set handlers, and raise a signal to itself."""

import _signal

# Linux' numbers.
SIGNALS = (
    "SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM"
    " SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO"
    " SIGPWR SIGSYS"
).split()
NUMBERS = {name: number for number, name in enumerate(SIGNALS, 1)}
COUNT = 65
UNCATCHABLE = (NUMBERS["SIGKILL"], NUMBERS["SIGSTOP"])
default_int_handler = _signal.default_int_handler
handlers = {NUMBERS["SIGINT"]: default_int_handler}


def number_of(signalnum):
    number = signalnum.__index__()
    if not 1 <= number < COUNT:
        raise ValueError("signal number out of range")
    return number


def signal(signalnum, handler, /):
    number = number_of(signalnum)
    if not callable(handler) and handler not in (_signal.SIG_DFL, _signal.SIG_IGN):
        raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
    if number in UNCATCHABLE:
        raise OSError(22, "Invalid argument")
    before = getsignal(number)
    handlers[number] = handler
    return before


def getsignal(signalnum, /):
    return handlers.get(number_of(signalnum), _signal.SIG_DFL)


def raise_signal(signalnum, /):
    number = number_of(signalnum)
    handler = getsignal(number)
    if callable(handler):
        import sys

        handler(number, sys._getframe(1))
    elif handler == _signal.SIG_DFL:
        raise OSError(38, "signals are not available in the sandbox: this one has no handler (see docs/python.md)")


def strsignal(signalnum, /):
    number = number_of(signalnum)
    return SIGNALS[number - 1] if number <= len(SIGNALS) else None


def valid_signals():
    return set(range(1, COUNT))


def refused(name):
    def refused(*args):
        raise OSError(38, f"signal.{name}: timers and signals are not available in the sandbox (see docs/python.md)")

    refused.__name__ = refused.__qualname__ = name
    return refused


def install(put):
    for name, number in NUMBERS.items():
        setattr(_signal, name, number)
    _signal.NSIG = COUNT
    put(_signal, signal, getsignal, raise_signal, strsignal, valid_signals)
    put(_signal, *map(refused, ("alarm", "setitimer", "getitimer", "pause")))
    _signal.ITIMER_REAL, _signal.ITIMER_VIRTUAL, _signal.ITIMER_PROF = 0, 1, 2
    _signal.ItimerError = OSError

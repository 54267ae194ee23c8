"""What can be done without threads: locks that say when they would wait for ever, and a refusal to start one."""

import _thread
import time

NO_THREADS = (
    "cannot start a thread: the sandbox has none. Use asyncio, or concurrent.futures and multiprocessing.Pool"
    " (which here call each function at once), or submit more tasks; see docs/python.md"
)
DEADLOCK = "deadlock: nobody can release this lock, because the sandbox has no other threads (see docs/python.md)"


def start_new_thread(function, args, kwargs={}):
    raise RuntimeError(NO_THREADS)


def start_joinable_thread(function, handle=None, daemon=True):
    raise RuntimeError(NO_THREADS)


def wait_in_vain(blocking, timeout):
    """A lock is taken and the only thread wants it again: says so, or waits as long as it was told to."""
    if not blocking:
        if timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        return False
    if timeout is None or timeout == -1:
        raise RuntimeError(DEADLOCK)
    if timeout < 0:
        raise ValueError("timeout value must be a non-negative number")
    if timeout > _thread.TIMEOUT_MAX:
        raise OverflowError("timeout value is too large")
    time.sleep(timeout)
    return False


class lock:
    """A lock of the only thread."""

    __slots__ = ("_taken", "__weakref__")

    def __init__(self):
        self._taken = False

    def acquire(self, blocking=True, timeout=-1):
        if self._taken:
            return wait_in_vain(blocking, timeout)
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        self._taken = True
        return True

    def release(self):
        if not self._taken:
            raise RuntimeError("release unlocked lock")
        self._taken = False

    def locked(self):
        return self._taken

    def __enter__(self):
        return self.acquire()

    def __exit__(self, kind, value, traceback):
        self.release()

    acquire_lock, release_lock, locked_lock = acquire, release, locked

    def _at_fork_reinit(self):
        self._taken = False

    def __reduce_ex__(self, protocol):
        raise TypeError("cannot pickle '_thread.lock' object")

    def __repr__(self):
        return f"<{'locked' if self._taken else 'unlocked'} _thread.lock object at {id(self):#x}>"


class RLock:
    """A lock that the only thread may take many times."""

    __slots__ = ("_count", "__weakref__")

    def __init__(self):
        self._count = 0

    def acquire(self, blocking=True, timeout=-1):
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        self._count += 1
        return True

    def release(self):
        if not self._count:
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1

    def locked(self):
        return self._count != 0

    def __enter__(self):
        return self.acquire()

    def __exit__(self, kind, value, traceback):
        self.release()

    def _is_owned(self):
        return self._count != 0

    def _recursion_count(self):
        return self._count

    def _release_save(self):
        if not self._count:
            raise RuntimeError("cannot release un-acquired lock")
        count, self._count = self._count, 0
        return count, _thread.get_ident()

    def _acquire_restore(self, state):
        self._count = state[0]

    def _at_fork_reinit(self):
        self._count = 0

    def __reduce_ex__(self, protocol):
        raise TypeError("cannot pickle '_thread.RLock' object")

    def __repr__(self):
        state = "locked" if self._count else "unlocked"
        return f"<{state} _thread.RLock object owner=1 count={self._count} at {id(self):#x}>"


class _local:
    """Attributes of the only thread."""

    def __new__(cls, /, *args, **kwargs):
        if (args or kwargs) and cls.__init__ is object.__init__:
            raise TypeError("Initialization arguments are not supported")
        return super().__new__(cls)


def get_native_id():
    return 1


def install(put):
    for kind in (lock, RLock, _local):
        kind.__module__ = "_thread"
    put(_thread, start_new_thread, start_joinable_thread, get_native_id)
    _thread.start_new = _thread.start_new_thread
    _thread.lock = _thread.LockType = _thread.allocate_lock = _thread.allocate = lock
    _thread.RLock = RLock
    _thread._local = _local
    _thread._set_sentinel = lock

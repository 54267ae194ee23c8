"""Executors and pools without threads or processes: each call is made at once, by whoever submits it."""

import itertools
import queue
import threading
import types
from concurrent.futures import _base


class SerialExecutor(_base.Executor):
    """Calls at once; the future is done when `submit` returns."""

    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=(), **options):
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._max_workers = max_workers or 1
        self._initializer, self._initargs = initializer, initargs
        self._shutdown = False

    def submit(self, fn, /, *args, **kwargs):
        if self._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
        if self._initializer is not None:
            initializer, self._initializer = self._initializer, None
            initializer(*self._initargs)
        future = _base.Future()
        future.set_running_or_notify_cancel()
        try:
            result = fn(*args, **kwargs)
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        return future

    def map(self, fn, *iterables, timeout=None, chunksize=1, buffersize=None):
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        if buffersize is not None and buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        futures = [self.submit(fn, *args) for args in zip(*iterables)]
        return (future.result() for future in futures)

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._shutdown = True


class AsyncResult:
    """What a pool's `*_async` calls answer: done already."""

    __class_getitem__ = classmethod(types.GenericAlias)

    def __init__(self, call, callback=None, error_callback=None):
        try:
            self._value, self._error = call(), None
        except Exception as error:
            self._value, self._error = None, error
        done, argument = (callback, self._value) if self._error is None else (error_callback, self._error)
        if done is not None:
            done(argument)

    def ready(self):
        return True

    def successful(self):
        return self._error is None

    def wait(self, timeout=None):
        pass

    def get(self, timeout=None):
        if self._error is not None:
            raise self._error
        return self._value


class Pool:
    """multiprocessing.Pool without processes."""

    def __init__(self, processes=None, initializer=None, initargs=(), maxtasksperchild=None, context=None):
        if processes is not None and processes < 1:
            raise ValueError("Number of processes must be at least 1")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._processes = processes or 1
        self._open = True
        if initializer is not None:
            initializer(*initargs)

    def _check(self):
        if not self._open:
            raise ValueError("Pool not running")

    def apply(self, func, args=(), kwds={}):
        self._check()
        return func(*args, **kwds)

    def map(self, func, iterable, chunksize=None):
        self._check()
        return [func(item) for item in iterable]

    def starmap(self, func, iterable, chunksize=None):
        self._check()
        return list(itertools.starmap(func, iterable))

    def imap(self, func, iterable, chunksize=1):
        self._check()
        return map(func, iterable)

    imap_unordered = imap

    def apply_async(self, func, args=(), kwds={}, callback=None, error_callback=None):
        self._check()
        return AsyncResult(lambda: func(*args, **kwds), callback, error_callback)

    def map_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
        self._check()
        return AsyncResult(lambda: [func(item) for item in iterable], callback, error_callback)

    def starmap_async(self, func, iterable, chunksize=None, callback=None, error_callback=None):
        self._check()
        return AsyncResult(lambda: list(itertools.starmap(func, iterable)), callback, error_callback)

    def close(self):
        self._open = False

    terminate = close

    def join(self):
        if self._open:
            raise ValueError("Pool is still running")

    def __enter__(self):
        self._check()
        return self

    def __exit__(self, kind, value, traceback):
        self.terminate()

    def __reduce__(self):
        raise NotImplementedError("pool objects cannot be passed between processes or pickled")


class Value:
    """multiprocessing.Value without sharing: there is one process."""

    def __init__(self, typecode_or_type, *args, lock=True):
        self.value = args[0] if args else 0
        self._lock = threading.RLock()

    def get_lock(self):
        return self._lock

    def get_obj(self):
        return self

    def __enter__(self):
        return self._lock.__enter__()

    def __exit__(self, *args):
        return self._lock.__exit__(*args)


class Array(list):
    """multiprocessing.Array without sharing."""

    def __init__(self, typecode_or_type, size_or_initializer, *, lock=True):
        is_size = isinstance(size_or_initializer, int)
        super().__init__([0] * size_or_initializer if is_size else size_or_initializer)
        self._lock = threading.RLock()

    def get_lock(self):
        return self._lock

    def get_obj(self):
        return self


class SimpleQueue(queue.Queue):
    """multiprocessing's queues without processes."""

    def close(self):
        pass

    join_thread = cancel_join_thread = close


class Manager:
    """multiprocessing.Manager: what it would share is simply there."""

    dict, list, Namespace, Queue, JoinableQueue = dict, list, types.SimpleNamespace, SimpleQueue, SimpleQueue
    Lock, RLock, Event, Condition = threading.Lock, threading.RLock, threading.Event, threading.Condition
    Semaphore, BoundedSemaphore, Barrier = threading.Semaphore, threading.BoundedSemaphore, threading.Barrier
    Value, Array = Value, Array

    def start(self):
        pass

    shutdown = start

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        pass


def patch_context(module):
    """multiprocessing's factories of things that processes share."""
    makers = {
        "Lock": threading.Lock, "RLock": threading.RLock, "Event": threading.Event, "Condition": threading.Condition,
        "Semaphore": threading.Semaphore, "BoundedSemaphore": threading.BoundedSemaphore, "Barrier": threading.Barrier,
        "Queue": SimpleQueue, "JoinableQueue": SimpleQueue, "SimpleQueue": SimpleQueue, "Value": Value, "Array": Array,
        "RawValue": Value, "RawArray": Array, "Manager": Manager,
    }

    def method(make):
        return lambda self, *args, **kwargs: make(*args, **kwargs)

    def refused(self, *args, **kwargs):
        raise OSError(95, "pipes between processes are not available in the sandbox (see docs/python.md)")

    for name, make in makers.items():
        setattr(module.BaseContext, name, method(make))
    module.BaseContext.Pipe = refused


def named(kind, name, module):
    """A class of its own by this name, so that `isinstance` and `repr` are as elsewhere."""
    return type(kind)(name, (kind,), {"__module__": module, "__qualname__": name})

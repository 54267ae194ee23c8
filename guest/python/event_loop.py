"""An asyncio event loop without sockets: there is nothing to wait for but time and other tasks."""

import asyncio
import time
from asyncio import base_events, unix_events


class Clock:
    """What the loop waits with, in place of a selector."""

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError(
                "deadlock: the event loop would wait for ever, because every task waits for something that no other"
                " task will do (the sandbox has no threads, sockets or signals that could)"
            )
        if timeout > 0:
            time.sleep(timeout)
        return ()


class EventLoop(base_events.BaseEventLoop):
    """Timers, tasks, queues and locks; `run_in_executor` calls the function at once."""

    def __init__(self, selector=None):
        super().__init__()
        self._selector = Clock()

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        # Nobody else can wake it: callbacks are found before it waits again.
        pass

    async def shutdown_default_executor(self, timeout=None):
        self._executor_shutdown_called = True
        if self._default_executor is not None:
            self._default_executor.shutdown(wait=True)

    def add_signal_handler(self, sig, callback, *args):
        raise NotImplementedError("signals are not available in the sandbox (see docs/python.md)")

    def add_reader(self, fd, callback, *args):
        raise NotImplementedError("sockets and pipes are not available in the sandbox (see docs/python.md)")

    add_writer = add_reader

    async def connect_read_pipe(self, protocol_factory, pipe):
        raise NotImplementedError("sockets and pipes are not available in the sandbox (see docs/python.md)")

    connect_write_pipe = connect_read_pipe

    async def subprocess_exec(self, *arguments, **options):
        raise OSError(95, "processes are not available in the sandbox (see docs/python.md)")

    async def subprocess_shell(self, *arguments, **options):
        raise OSError(95, "processes are not available in the sandbox (see docs/python.md)")


def install():
    unix_events._UnixDefaultEventLoopPolicy._loop_factory = EventLoop
    for module in (asyncio, unix_events):
        module.SelectorEventLoop = module.EventLoop = EventLoop
    unix_events._UnixSelectorEventLoop = EventLoop

"""Stands in for pyperf in pyperformance's programs: runs each function for a while, and prints its name and the seconds of
processor time that a loop of it takes as a line of JSON."""

import argparse
import json
import time

SECONDS = 0.25
# Loops that take so long are not made twice.
LONG_SECONDS = 1.0
# Between two looks at the clock are loops for about so long.
LOOK_SECONDS = 0.01
perf_counter = time.process_time


def python_implementation():
    return "rustpython"


class Runner:
    def __init__(self, *arguments, **options):
        self.metadata = {}
        self.argparser = argparse.ArgumentParser()

    def parse_args(self):
        self.args, _ = self.argparser.parse_known_args()
        return self.args

    def bench_time_func(self, name, function, *arguments, inner_loops=None, metadata=None):
        # The first loop makes everything ready.
        first = function(1, *arguments)
        total, loops = (first, 1) if first >= LONG_SECONDS else (0.0, 0)
        at_once = max(1, int(LOOK_SECONDS / max(first, 1e-9)))
        while total < SECONDS:
            total += max(function(at_once, *arguments), 1e-9)
            loops += at_once
        print(json.dumps({"name": name, "seconds": total / loops}))

    def bench_func(self, name, function, *arguments, inner_loops=None, metadata=None):
        def timed(loops, *arguments):
            started = perf_counter()
            for _ in range(loops):
                function(*arguments)
            return perf_counter() - started

        self.bench_time_func(name, timed, *arguments)

    def bench_async_func(self, name, function, *arguments, loop_factory=None, **options):
        import asyncio

        self.bench_func(name, lambda: asyncio.run(function(*arguments)))

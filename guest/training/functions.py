"""Functions: closures, decorators, generators, coroutines, exceptions, context managers, arguments of all kinds."""

import asyncio
import contextlib
import dataclasses
import enum
import functools


def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return function(*args, **kwargs)

    wrapper.calls = 0
    return wrapper


@counted
def combine(a, b=2, *rest, c=3, **options):
    return a + b + c + len(rest) + len(options)


@functools.lru_cache(maxsize=None)
def ways(amount, coins):
    if amount == 0:
        return 1
    if amount < 0 or not coins:
        return 0
    return ways(amount - coins[0], coins) + ways(amount, coins[1:])


def adder(step):
    total = 0

    def add(value):
        nonlocal total
        total += value * step
        return total

    return add


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


def running_mean():
    count, total, mean = 0, 0.0, None
    while True:
        value = yield mean
        count += 1
        total += value
        mean = total / count


class Timer:
    def __init__(self):
        self.entered = 0

    def __enter__(self):
        self.entered += 1
        return self

    def __exit__(self, kind, error, traceback):
        return kind is KeyError


@contextlib.contextmanager
def opened(name, log):
    log.append("open " + name)
    try:
        yield name
    finally:
        log.append("close " + name)


class Colour(enum.Enum):
    RED = 1
    GREEN = 2
    BLUE = 3


class Flags(enum.IntFlag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass(order=True)
class Point:
    x: float
    y: float = 0.0
    tags: list = dataclasses.field(default_factory=list, compare=False)

    def moved(self, by):
        return dataclasses.replace(self, x=self.x + by)


class Missing(Exception):
    def __init__(self, key):
        super().__init__(f"no {key}")
        self.key = key


def look(table, key):
    try:
        return table[key]
    except KeyError as error:
        raise Missing(key) from error
    finally:
        table.setdefault("looked", 0)
        table["looked"] += 1


def kind(value):
    match value:
        case {"type": "circle", "radius": radius}:
            return 3.14 * radius**2
        case [first, *_]:
            return first
        case Point(x=0):
            return "origin"
        case int() | float() if value > 10:
            return "large"
        case str():
            return "text"
        case _:
            return None


async def worker(queue, results):
    while (item := await queue.get()) is not None:
        await asyncio.sleep(0)
        results.append(item * 2)


async def together():
    queue, results = asyncio.Queue(), []
    workers = [asyncio.create_task(worker(queue, results)) for _ in range(4)]
    for item in range(400):
        await queue.put(item)
    for _ in workers:
        await queue.put(None)
    await asyncio.gather(*workers)
    return results


def main():
    for number in range(4000):
        combine(number)
        combine(number, 3, c=4)
        combine(number, *(1, 2, 3), **{"d": 4, "e": number})
    assert combine.calls == 12000
    assert ways(80, (50, 25, 10, 5, 1)) > 100
    add = adder(3)
    for number in range(8000):
        add(number)
    assert sum(tree(11)) > 0
    mean = running_mean()
    next(mean)
    for number in range(4000):
        mean.send(number)
    mean.close()
    timer, log = Timer(), []
    for number in range(1500):
        with timer, opened("file", log) as name:
            if number % 5 == 0:
                raise KeyError(name)
    assert timer.entered == 1500 and len(log) == 3000
    table, failures = {"a": 1}, 0
    for number in range(2500):
        try:
            look(table, "a" if number % 3 else number)
        except Missing as error:
            failures += error.key >= 0
        except (TypeError, ValueError):
            raise
        else:
            failures += 0
    assert failures
    points = [Point(number % 17, number % 5) for number in range(600)]
    assert min(points) <= max(points) and len(sorted(points)) == 600 and points[3] == Point(3, 3)
    assert [point.moved(1).x for point in points] and repr(points[0])
    values = [{"type": "circle", "radius": 2}, [1, 2], Point(0), 11, "a", None] * 300
    assert sum(kind(value) is not None for value in values) == 1500
    assert sum(Colour(number % 3 + 1) is Colour.RED for number in range(900)) == 300
    assert Flags.READ | Flags.WRITE == 3 and Colour["BLUE"].value == 3
    assert len(asyncio.run(together())) == 400
    compose = functools.reduce(lambda f, g: lambda x: g(f(x)), [lambda x: x + 1, lambda x: x * 2, str])
    assert all(compose(number) == str((number + 1) * 2) for number in range(1500))
    partial = functools.partial(combine, 1, c=9)
    assert sum(map(partial, range(1500))) and list(filter(None, (number % 3 for number in range(1500))))
    assert any(number > 1400 for number in range(1500)) and max(range(500), key=lambda number: -number) == 0


main()

"""An interpreter and a scheduler in Python: the long chains of small decisions that larger programs are made of."""

import ast
import collections


class Machine:
    def __init__(self, program):
        self.program, self.stack, self.names, self.at, self.steps = program, [], {}, 0, 0
        self.operations = {
            "push": self.push, "load": self.load, "store": self.store, "add": self.add, "sub": self.sub,
            "mul": self.mul, "less": self.less, "jump": self.jump, "jump_unless": self.jump_unless,
        }

    def run(self):
        while self.at < len(self.program):
            name, argument = self.program[self.at]
            self.at += 1
            self.steps += 1
            self.operations[name](argument)
        return self.names

    def push(self, argument):
        self.stack.append(argument)

    def load(self, argument):
        self.stack.append(self.names[argument])

    def store(self, argument):
        self.names[argument] = self.stack.pop()

    def add(self, _):
        right, left = self.stack.pop(), self.stack.pop()
        self.stack.append(left + right)

    def sub(self, _):
        right, left = self.stack.pop(), self.stack.pop()
        self.stack.append(left - right)

    def mul(self, _):
        right, left = self.stack.pop(), self.stack.pop()
        self.stack.append(left * right)

    def less(self, _):
        right, left = self.stack.pop(), self.stack.pop()
        self.stack.append(left < right)

    def jump(self, argument):
        self.at = argument

    def jump_unless(self, argument):
        if not self.stack.pop():
            self.at = argument


PROGRAM = [
    ("push", 0), ("store", "i"), ("push", 0), ("store", "total"),
    ("load", "i"), ("push", 2500), ("less", None), ("jump_unless", 18),
    ("load", "total"), ("load", "i"), ("load", "i"), ("mul", None), ("add", None), ("store", "total"),
    ("load", "i"), ("push", 1), ("add", None), ("jump", 19),
    ("jump", 21), ("store", "i"), ("jump", 4),
]


class Packet:
    def __init__(self, link, ident, kind):
        self.link, self.ident, self.kind, self.datum, self.data = link, ident, kind, 0, [0] * 4

    def append_to(self, queue):
        self.link = None
        if queue is None:
            return self
        last = queue
        while last.link is not None:
            last = last.link
        last.link = self
        return queue


class Job:
    def __init__(self, name, priority):
        self.name, self.priority, self.waiting, self.queue, self.done = name, priority, False, None, 0

    def step(self, scheduler):
        if self.queue is None:
            self.waiting = True
            return None
        packet, self.queue = self.queue, self.queue.link
        packet.datum += 1
        for index in range(4):
            packet.data[index] = (packet.datum * 7 + index) % 26
        self.done += 1
        return scheduler.send(packet, (packet.ident + packet.datum) % len(scheduler.jobs))


class Scheduler:
    def __init__(self, count):
        self.jobs = [Job(str(number), number % 3) for number in range(count)]
        for number, job in enumerate(self.jobs):
            job.queue = Packet(None, number, number % 2)

    def send(self, packet, to):
        job = self.jobs[to]
        job.queue = packet.append_to(job.queue)
        job.waiting = False
        return job

    def run(self, turns):
        job = self.jobs[0]
        for turn in range(turns):
            following = job.step(self)
            job = following if following is not None and not following.waiting else self.jobs[turn % len(self.jobs)]
        return sum(job.done for job in self.jobs)


class Sum(ast.NodeVisitor):
    def __init__(self):
        self.counts = collections.Counter()

    def generic_visit(self, node):
        self.counts[type(node).__name__] += 1
        super().generic_visit(node)


class Constraint:
    """A chain of values that follow from each other."""

    def __init__(self, length):
        self.values = [0] * length
        self.rules = [(index, index + 1, index % 3 + 1) for index in range(length - 1)]

    def set(self, value):
        self.values[0] = value
        for source, target, factor in self.rules:
            self.values[target] = self.values[source] * factor % 1000003 + 1
        return self.values[-1]


def solve(board, empty):
    if not empty:
        return True
    row, column = empty[-1]
    used = set(board[row]) | {line[column] for line in board}
    used |= {board[i][j] for i in range(row // 2 * 2, row // 2 * 2 + 2) for j in range(column // 2 * 2, column // 2 * 2 + 2)}
    for value in range(1, 5):
        if value not in used:
            board[row][column] = value
            if solve(board, empty[:-1]):
                return True
            board[row][column] = 0
    return False


def main():
    machine = Machine(PROGRAM)
    assert machine.run()["total"] == sum(i * i for i in range(2500)) and machine.steps > 10000
    assert Scheduler(12).run(12000) > 0
    source = "\n".join(
        f"def f{number}(a, b=1, *c, d=2, **e):\n    if a > b and d:\n        return [x * {number} for x in c if x]\n"
        f"    while b:\n        b -= 1\n    try:\n        e[a] = {{'k': (a, b), 1.5: lambda z: z + a}}\n"
        f"    except KeyError as error:\n        raise ValueError(f'{{error}} {{a:>3}}') from None\n    return -a ** 2 % 3\n"
        for number in range(60)
    )
    visitor = Sum()
    visitor.visit(ast.parse(source))
    names = {}
    exec(compile(source, "<source>", "exec"), names)
    assert visitor.counts["Name"] > 500 and names["f3"](1, 2, 3) == -1 % 3
    chain = Constraint(60)
    assert all(chain.set(value) for value in range(150))
    for _ in range(6):
        board = [[0] * 4 for _ in range(4)]
        assert solve(board, [(row, column) for row in range(4) for column in range(4)])


main()

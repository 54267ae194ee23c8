"""Runs random expressions and random programs under this CPython and in the sandbox, and lists where they differ.

    fuzz.py SANDLOT [--seed N] [--rounds N] [--expressions N] [--programs N]

Each round has a seed of its own, which is told, so that it can be run again. Exit code 1: there are differences for which
known.txt has no reason.
"""

import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from expressions import Expressions

HERE = pathlib.Path(__file__).parent
# Of expressions; longer ones say no more.
CHARACTERS_MAX = 400
SECONDS = 600


def reasons():
    lines = (HERE / "known.txt").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split(" | ", 1)) for line in lines if line.strip()]


def run(sandlot, folder, probe, data):
    """What CPython and the sandbox print, line by line, and why the sandbox stopped before the end."""
    shutil.copy(HERE / probe, folder)
    real = subprocess.run([sys.executable, "-X", "utf8", probe], cwd=folder, capture_output=True, text=True, encoding="utf-8",
                          timeout=SECONDS)
    ours = subprocess.run([sandlot, "exec", "--file", data, probe], cwd=folder, capture_output=True, text=True,
                          encoding="utf-8", timeout=SECONDS)
    if real.returncode != 0:
        raise SystemExit(f"CPython cannot run {probe}: {real.stderr}")
    why = ours.stderr.strip() if ours.returncode != 0 else ""
    # Each line begins with its item's number.
    told = lambda output: [line.partition(" ")[2] for line in output.stdout.splitlines()]
    return told(real), told(ours), why


def compare(sandlot, folder, probe, data, items, write):
    """Yields (item, what CPython says, what the sandbox says). A crash takes its item out, and the rest goes on."""
    while items:
        write(items)
        real, ours, why = run(sandlot, folder, probe, data)
        yield from ((item, a, b) for item, a, b in zip(items, real, ours) if a != b)
        if len(ours) >= len(items):
            return
        yield items[len(ours)], real[len(ours)], f"ends the interpreter: {why}"
        items = items[len(ours) + 1:]


def expressions(sandlot, folder, seed, count):
    source = Expressions(seed)
    items = [text for text in (source.some(3) for _ in range(count)) if "\n" not in text and len(text) <= CHARACTERS_MAX]
    file = folder / "expressions.txt"
    write = lambda items: file.write_text("\n".join(items) + "\n", encoding="utf-8")
    return len(items), compare(sandlot, folder, "probe.py", file.name, items, write)


def programs(sandlot, folder, seed, count):
    from pysource_codegen import generate

    items, source = [], random.Random(seed)
    while len(items) < count:
        try:
            text = generate(source.randrange(10**9), node_limit=300, depth_limit=6)
            text.encode("utf-8")
        except Exception:
            continue
        items.append(text)
    file = folder / "programs.json"
    write = lambda items: file.write_text(json.dumps(items), encoding="utf-8")
    return len(items), compare(sandlot, folder, "compile_all.py", file.name, items, write)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sandlot", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--expressions", type=int, default=3000)
    parser.add_argument("--programs", type=int, default=200)
    arguments = parser.parse_args()
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed
    known, explained, unexplained, looked_at = reasons(), {}, 0, 0
    for seed in range(seed, seed + arguments.rounds):
        with tempfile.TemporaryDirectory() as folder:
            for find, count in ((expressions, arguments.expressions), (programs, arguments.programs)):
                if not count:
                    continue
                tried, differences = find(arguments.sandlot.resolve(), pathlib.Path(folder), seed, count)
                looked_at += tried
                for item, real, ours in differences:
                    told = f"{item} => {real} => {ours}"
                    reason = next((reason for part, reason in known if part in told), None)
                    if reason is not None:
                        explained[reason] = explained.get(reason, 0) + 1
                        continue
                    unexplained += 1
                    print(f"seed {seed}: {item}\n    CPython: {real[:300]}\n    sandbox: {ours[:300]}")
    for reason, count in sorted(explained.items(), key=lambda pair: -pair[1]):
        print(f"known, {count} times: {reason}")
    print(f"fuzz: {looked_at} tried, {sum(explained.values())} differ for a known reason, {unexplained} for none")
    sys.exit(1 if unexplained else 0)


main()

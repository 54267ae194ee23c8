"""`random` takes its entropy from the system each time: what the snapshot knows is the same in every task."""

import os
import random

SEED_BYTES = 32
raw_seed = random.Random.seed


def seed(self, a=None, version=2):
    """Initialize internal state from a seed; without one from the system's entropy."""
    raw_seed(self, int.from_bytes(os.urandom(SEED_BYTES), "little") if a is None else a, version)


def install():
    seed.__qualname__, seed.__module__ = "Random.seed", "random"
    random.Random.seed = seed
    random.seed = random._inst.seed

"""Modules that are made at build time and given out when a program first imports them.

The state of some may not be the snapshot's: seeding `random` costs more than many a program, and most never ask for it.
"""

import importlib.machinery
import os
import sys

# By name: the module, and what makes it ready.
KEPT = {}
# What the task's `random` starts from; entropy when None.
seed = [None]
is_seeded = [False]


def keep(name, make_ready):
    KEPT[name] = (sys.modules.pop(name), make_ready)


def seed_random():
    if not is_seeded[0]:
        is_seeded[0] = True
        chosen = seed[0]
        KEPT["random"][0].seed(int.from_bytes(os.urandom(16), "little") if chosen is None else chosen)


def nothing():
    pass


class Late:
    """Finds these modules."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in KEPT:
            return None
        spec = KEPT[name][0].__spec__
        return importlib.machinery.ModuleSpec(name, Loader(spec), origin=spec.origin)


class Loader:
    """Gives out one of them."""

    def __init__(self, spec):
        self.spec = spec

    def create_module(self, spec):
        return KEPT[spec.name][0]

    def exec_module(self, module):
        module.__spec__ = self.spec
        KEPT[self.spec.name][1]()

    def __getattr__(self, name):
        return getattr(self.spec.loader, name)

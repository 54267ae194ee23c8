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


def keep_random(modules):
    """These hold the module's one generator."""
    random = sys.modules["random"]

    def make_ready(name):
        # Imported anew, it is made anew.
        KEPT.pop(name, None)
        if not is_seeded[0]:
            is_seeded[0] = True
            random.seed(int.from_bytes(os.urandom(16), "little") if seed[0] is None else seed[0])

    for name in modules:
        keep(name, make_ready)


def keep_expat():
    """Whoever imports it has its two parts."""
    parts = {name: sys.modules.pop(name) for name in ("pyexpat.errors", "pyexpat.model")}
    keep("pyexpat", lambda name: sys.modules.update(parts))


class Late:
    """Finds these modules."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in KEPT:
            return None
        loader = Loader(*KEPT[name])
        return importlib.machinery.ModuleSpec(name, loader, origin=loader.spec.origin)


class Loader:
    """Gives out one of them."""

    def __init__(self, module, make_ready):
        self.module, self.make_ready, self.spec = module, make_ready, module.__spec__

    def create_module(self, spec):
        return self.module

    def exec_module(self, module):
        module.__spec__ = self.spec
        self.make_ready(self.spec.name)

    def __getattr__(self, name):
        return getattr(self.spec.loader, name)

"""Modules whose state may not be the snapshot's: they are made ready when a program first imports one of them.

Seeding `random` costs more than many a program; most never ask for it.
"""

import importlib.machinery
import os
import sys

# Taken out of `sys.modules`: by name.
KEPT = {}
# What the task's `random` starts from; entropy when None.
seed = [None]
is_ready = [False]


def keep(name):
    KEPT[name] = sys.modules.pop(name)


def make_ready():
    if not is_ready[0]:
        is_ready[0] = True
        chosen = seed[0]
        KEPT["random"].seed(int.from_bytes(os.urandom(16), "little") if chosen is None else chosen)


class Late:
    """Finder and loader of these modules."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        module = KEPT.get(name)
        if module is None:
            return None
        return importlib.machinery.ModuleSpec(name, Loader(module.__spec__), origin=module.__spec__.origin)


class Loader:
    def __init__(self, spec):
        self.spec = spec

    def create_module(self, spec):
        return KEPT[spec.name]

    def exec_module(self, module):
        module.__spec__ = self.spec
        make_ready()

    def __getattr__(self, name):
        return getattr(self.spec.loader, name)

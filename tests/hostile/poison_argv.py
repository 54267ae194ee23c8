# expect: ok | class: poison | function: main
import sys


def main():
    sys.argv = sys.path = sys.meta_path = sys.path_hooks = sys.path_importer_cache = None
    return 1

# expect: ok | class: poison | function: main
import json


def main():
    json.loads = json.dumps = lambda *a, **k: '"forged"'
    json.JSONEncoder.default = None
    vars(json).clear()
    return "honest"

# expect: ok | class: poison | function: main
import random


def main():
    random.seed = random.random = None
    vars(random).clear()
    return "x"

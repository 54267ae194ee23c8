# expect: ok | class: loop | stdout: 500
"""An order that contradicts itself must still end."""
import random


class Coin:
    def __lt__(self, other):
        return random.random() < 0.5


coins = [Coin() for _ in range(500)]
coins.sort()
print(len(coins))

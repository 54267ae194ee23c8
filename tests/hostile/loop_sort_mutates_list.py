# expect: exception ValueError | class: loop
class Coin:
    def __lt__(self, other):
        coins.append(self)
        coins.clear()
        return False


coins = [Coin() for _ in range(100)]
coins.sort()

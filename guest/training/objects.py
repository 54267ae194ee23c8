"""Objects of classes: attributes, methods, properties, slots, operators, inheritance."""


class Account:
    bank = "north"

    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance
        self.log = []

    def deposit(self, amount):
        if amount <= 0:
            raise ValueError("nothing to deposit")
        self.balance += amount
        self.log.append(("in", amount))
        return self

    def withdraw(self, amount):
        if amount > self.balance:
            return False
        self.balance -= amount
        self.log.append(("out", amount))
        return True

    @property
    def is_rich(self):
        return self.balance > 1000

    def __repr__(self):
        return f"Account({self.owner!r}, {self.balance})"


class Savings(Account):
    rate = 3

    def deposit(self, amount):
        super().deposit(amount + amount * self.rate // 100)
        return self

    @classmethod
    def opened(cls, owner):
        return cls(owner, 10)

    @staticmethod
    def fee(amount):
        return max(1, amount // 100)


class Vector:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __sub__(self, other):
        return Vector(self.x - other.x, self.y - other.y)

    def __mul__(self, factor):
        return Vector(self.x * factor, self.y * factor)

    def __eq__(self, other):
        return isinstance(other, Vector) and self.x == other.x and self.y == other.y

    def __hash__(self):
        return hash((self.x, self.y))

    def __lt__(self, other):
        return self.x < other.x or self.x == other.x and self.y < other.y

    def dot(self, other):
        return self.x * other.x + self.y * other.y


class Node:
    def __init__(self, key):
        self.key = key
        self.left = self.right = None


def insert(root, key):
    if root is None:
        return Node(key)
    node = root
    while True:
        if key < node.key:
            if node.left is None:
                node.left = Node(key)
                return root
            node = node.left
        elif key > node.key:
            if node.right is None:
                node.right = Node(key)
                return root
            node = node.right
        else:
            return root


def depth(node):
    return 0 if node is None else 1 + max(depth(node.left), depth(node.right))


def main():
    accounts = [Account(str(number), number) for number in range(300)] + [Savings.opened("s") for _ in range(100)]
    for step in range(30):
        for account in accounts:
            account.deposit(step + 1)
            if not account.withdraw(step * 3):
                account.balance += Savings.fee(step)
            if account.is_rich and isinstance(account, Savings):
                account.balance = 0
    texts = [repr(account) for account in accounts]
    position, step = Vector(0, 0), Vector(1, 2)
    seen = set()
    for number in range(6000):
        position = position + step * (number % 5) - Vector(1, 1)
        seen.add(Vector(number % 50, number % 20))
        if position == step or position.dot(step) < 0:
            position = Vector(1, 1)
    ordered = sorted(seen)
    root, key = None, 12345
    for _ in range(4000):
        key = (key * 1103515245 + 12345) % 2147483648
        root = insert(root, key % 100000)
    assert len(texts) == 400 and len(ordered) == 100 and depth(root) > 10


main()

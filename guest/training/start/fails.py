class Order:
    def __init__(self, price, count):
        self.price = price
        self.count = count

    def total(self):
        return self.price * self.count


def main(orders):
    return sum(Order(*order).total() for order in orders) / len(orders)

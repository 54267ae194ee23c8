"""Finance in exact decimals and fractions: a loan's plan."""

from decimal import ROUND_HALF_EVEN, Decimal, getcontext, localcontext
from fractions import Fraction

getcontext().prec = 28
CENT = Decimal("0.01")


def plan(principal, yearly_rate, months):
    rate = Decimal(yearly_rate) / 12
    payment = (principal * rate / (1 - (1 + rate) ** -months)).quantize(CENT, ROUND_HALF_EVEN)
    rest = principal
    for month in range(1, months + 1):
        interest = (rest * rate).quantize(CENT, ROUND_HALF_EVEN)
        paid = min(payment, rest + interest)
        rest += interest - paid
        yield month, paid, interest, rest


for month, paid, interest, rest in plan(Decimal("10000"), "0.0495", 12):
    print(f"{month:>2} {paid:>10,} {interest:>8} {rest:>12,}")
with localcontext() as context:
    context.prec = 50
    print(Decimal(2).sqrt(), Decimal(1) / 7, Decimal("1e400").ln())
print(sum(Fraction(1, n) for n in range(1, 21)), Fraction("0.125").limit_denominator(10), round(Fraction(7, 3), 2))

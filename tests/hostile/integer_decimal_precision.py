# expect: timeout | class: integer | timeout: 0.4
import decimal

decimal.getcontext().prec = 10**6
decimal.Decimal(2).sqrt()

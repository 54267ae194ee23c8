# expect: memory_limit MemoryError | class: integer | timeout: 0.4
from decimal import Decimal

int(Decimal("1e1000000000"))

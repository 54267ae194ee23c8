# expect: memory_limit | class: memory | timeout: 30
"""join keeps every piece before it joins the first two."""
from itertools import repeat

"".join(repeat("x" * 1000))

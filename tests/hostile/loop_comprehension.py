# expect: timeout | class: loop | timeout: 0.4
from itertools import count

{n for n in count() if n < 0}

# expect: fuel_limit | class: regex | fuel: 300000000 | timeout: 20
import re

re.match(r"(a+)+$", "a" * 50 + "b")

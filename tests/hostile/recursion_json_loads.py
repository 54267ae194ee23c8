# expect: exception RecursionError | class: recursion | timeout: 20
import json

json.loads("[" * 100_000)

# expect: exception RecursionError | class: recursion | timeout: 20
import json

json.loads('{"a":' * 100_000 + "1" + "}" * 100_000)

# expect: ok | class: regex | timeout: 10 | stdout: False
import fnmatch

print(fnmatch.fnmatch("a" * 1_000, "a*" * 30 + "b"))

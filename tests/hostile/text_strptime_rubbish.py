# expect: exception PatternError | class: text
import time

time.strptime("x" * 1_000, "%Y" * 20)

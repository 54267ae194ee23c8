# expect: ok | class: integer | stdout: 1e+308
import statistics

print(statistics.mean([1e308] * 1000))

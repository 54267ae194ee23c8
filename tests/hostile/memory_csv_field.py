# expect: exception Error | class: memory | timeout: 5
import csv

next(csv.reader(['"' + "x" * 1_000_000]))

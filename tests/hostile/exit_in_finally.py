# expect: exception SystemExit | class: exit | error: exit code 3
try:
    1 / 0
finally:
    raise SystemExit(3)

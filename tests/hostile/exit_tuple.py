# expect: exception SystemExit | class: exit | error: exit code 1
raise SystemExit(1, 2, 3)

# expect: ok | class: exit
raise SystemExit(0)

# expect: exception SystemExit | class: exit | error: exit code 1
quit("bye")

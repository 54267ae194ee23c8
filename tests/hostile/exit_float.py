# expect: exception SystemExit | class: exit | error: exit code 1
import sys

sys.exit(2.5)

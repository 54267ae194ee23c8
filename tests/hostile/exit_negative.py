# expect: exception SystemExit | class: exit | error: exit code 255
import sys

sys.exit(-1)

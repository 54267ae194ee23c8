# expect: ok | class: exit
import sys

sys.exit(None)

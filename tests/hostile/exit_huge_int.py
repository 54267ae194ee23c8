# expect: ok | class: exit
import sys

sys.exit(10**30)

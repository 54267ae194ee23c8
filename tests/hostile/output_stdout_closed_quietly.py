# expect: ok | class: output | stdout: before
import sys

print("before")
sys.stdout.close()

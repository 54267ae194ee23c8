# expect: exception SystemExit | class: exit | error: exit code 7
import os

print("unflushed", end="")
os._exit(7)

# expect: ok | class: escape | stdout: 0
import os

print(sum(1 for entry in os.walk("/")))

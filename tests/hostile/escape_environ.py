# expect: ok | class: escape | stdout: 0
import os

print(len(os.environ))

# expect: ok | class: escape | stdout: ['dev', 'packages', 'tmp', 'usr', 'work']
import os

print(sorted(os.listdir("/")))

# expect: ok | class: escape | stdout: ['packages', 'tmp', 'usr', 'work']
import os

print(sorted(os.listdir("/")))

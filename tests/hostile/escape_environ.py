# expect: ok | class: escape | stdout: {'HOME': '/work'}
import os

print(dict(os.environ))

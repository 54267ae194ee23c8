# expect: exception OSError | class: escape
import os

os.popen("id").read()

# expect: exception AttributeError | class: escape
import os

os.system("id")

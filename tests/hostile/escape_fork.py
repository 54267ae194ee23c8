# expect: exception AttributeError | class: escape
import os

os.fork()

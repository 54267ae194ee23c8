# expect: exception AttributeError | class: escape
import os

os.execv("/bin/sh", ["sh"])

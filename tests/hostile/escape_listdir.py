# expect: exception FileNotFoundError | class: escape
import os

os.listdir("/")

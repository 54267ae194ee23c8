# expect: exception OSError | class: files | timeout: 20
import os

while True:
    os.open("file", os.O_CREAT | os.O_WRONLY)

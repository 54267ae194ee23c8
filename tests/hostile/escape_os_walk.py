# expect: ok | class: escape | stdout: 0
import os

own = ("/usr/share/zoneinfo", "/work", "/tmp", "/packages", "/dev")
print(sum(bool(files) and not folder.startswith(own) for folder, _, files in os.walk("/")))

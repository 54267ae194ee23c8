# expect: ok | class: escape | stdout: nothing seen
import os

for path in ("/proc", "/etc", "/home", "/root", "\0", b"/dev/shm", "//proc", "/proc/self/fd", "/tmp/../etc", "../../etc", "/work/.."*9 + "/etc"):
    for look in (os.listdir, os.stat, os.scandir, os.chdir, os.lstat, os.access):
        try:
            found = look(path, os.R_OK) if look is os.access else look(path)
            if found:
                print("seen", path, found)
        except (OSError, ValueError, AttributeError, TypeError):
            pass
print("nothing seen")

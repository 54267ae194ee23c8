# expect: ok | class: escape | stdout: nothing done
import os

os.symlink("/etc", "/etc-link")
for name, args in (("link", ("/etc/passwd", "/p")), ("rename", ("/etc", "/e")), ("unlink", ("/etc/passwd",)), ("listdir", ("/etc-link",)), ("chmod", ("/etc/passwd", 0o777)), ("truncate", ("/etc/passwd", 0)), ("readlink", ("/proc/self/exe",)), ("mkfifo", ("/f",)), ("utime", ("/etc",))):
    try:
        getattr(os, name)(*args)
        print("done", name)
    except (OSError, AttributeError, NotImplementedError):
        pass
print("nothing done")

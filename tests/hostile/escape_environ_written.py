# expect: ok | class: escape | stdout: done
import os

for key, value in (("PATH", "/x"), ("LD_PRELOAD", "/evil.so"), ("", "x"), ("a=b", "x"), ("nul\0", "x"), ("\ud800", "x"), ("RUST_BACKTRACE", "full")):
    try:
        os.environ[key] = value
    except (ValueError, OSError, UnicodeError):
        pass
print("done")

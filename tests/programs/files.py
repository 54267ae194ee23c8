try:
    open("nowhere")
except OSError as e:
    print(e, e.errno, repr(e), e.filename, e.strerror, e.args)
import os
try: os.mkdir("/tmp")
except OSError as e: print(repr(e))
try: raise OSError(17, "given")
except OSError as e: print(repr(e), type(e))
try: raise OSError(6, "given")
except OSError as e: print(repr(e), type(e), e.errno)
import errno
print(errno.ENOENT, errno.errorcode[13], os.strerror(13))
print(oct(os.stat("/tmp").st_mode & 0o777) != "0o0")
open("q","w").close(); os.chmod("q", 0o600); print(oct(os.stat("q").st_mode))
open("nowhere/x", "w")

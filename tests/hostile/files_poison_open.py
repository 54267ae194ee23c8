# expect: ok | class: files | stdout: done
import builtins, io, os

open("kept", "w").write("x")
builtins.open = io.open = None
os.stat = os.remove = os.listdir = print
print("done") if True else None

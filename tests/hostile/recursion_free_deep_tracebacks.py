# expect: ok | class: recursion | timeout: 10 | stdout: done
import types

tb = None
try:
    1 / 0
except ZeroDivisionError as error:
    frame = error.__traceback__.tb_frame
for _ in range(30_000):
    tb = types.TracebackType(tb, frame, 0, 1)
del tb
print("done")

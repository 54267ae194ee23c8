# expect: ok | class: text | timeout: 5 | stdout: done
import time

for form in ("%", "%Q", "%1000000000d", "\0", "\ud800", "%\u20ac" * 100):
    try:
        time.strftime(form)
    except (ValueError, UnicodeError, OverflowError, MemoryError):
        pass
print("done")

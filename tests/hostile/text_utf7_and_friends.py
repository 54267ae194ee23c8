# expect: ok | class: text | timeout: 5 | stdout: done
for codec in ("utf-7", "utf-16", "utf-32", "unicode_escape", "raw_unicode_escape", "cp1252", "rot13", "hex", "mbcs"):
    try:
        bytes(range(256)).decode(codec)
    except (ValueError, LookupError, SystemError):
        pass
print("done")

# expect: ok | class: regex | timeout: 20 | stdout: 3000
import re

print(len(re.findall("[" + "".join(chr(n) for n in range(0x4E00, 0x5A00)) + "]", "\u4e00" * 3_000)))

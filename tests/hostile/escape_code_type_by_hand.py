# expect: crashed | class: escape
import types

code = types.CodeType(0, 0, 0, 0, 10, 0, b"\x64\x05\x53\x00", (), (), (), "f", "f", "f", 1, b"", b"", (), ())
exec(code)

"""`strip` of bytes: RustPython looks at whole characters of UTF-8 there and takes their last eight bits for a byte."""

WHITESPACE = b" \t\n\r\v\f"


def stripper(kind, name, from_left, from_right):
    raw = kind.__dict__[name]

    def strip(self, chars=None, /):
        if self.isascii():
            return raw(self, chars)
        chars = WHITESPACE if chars is None else bytes(memoryview(chars))
        start, end = 0, len(self)
        while from_left and start < end and self[start] in chars:
            start += 1
        while from_right and start < end and self[end - 1] in chars:
            end -= 1
        return self[start:end]

    strip.__name__, strip.__qualname__ = name, f"{kind.__name__}.{name}"
    return strip


def install(set_type_attribute):
    for kind in (bytes, bytearray):
        for name, left, right in (("strip", True, True), ("lstrip", True, False), ("rstrip", False, True)):
            set_type_attribute(kind, name, stripper(kind, name, left, right))

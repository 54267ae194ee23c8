# expect: exception EOFError | class: escape
"""A tuple of two billion items, in five bytes."""
import marshal

marshal.loads(b"(\xff\xff\xff\x7f")

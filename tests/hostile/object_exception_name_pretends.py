# expect: exception MemoryError | class: object
"""Not the real one, and no limit was met."""
raise type("MemoryError", (Exception,), {})

# expect: exception MemoryError | class: memory
"""No limit was met: the program only says so."""
raise MemoryError("honestly")

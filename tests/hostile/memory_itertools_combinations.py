# expect: exception MemoryError | class: memory
import itertools

next(itertools.combinations_with_replacement("ab", 10**9))

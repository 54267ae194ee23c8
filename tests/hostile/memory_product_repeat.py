# expect: exception OverflowError | class: memory
import itertools

next(itertools.product("ab", repeat=10**9))

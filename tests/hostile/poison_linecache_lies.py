# expect: exception ValueError | class: poison
import linecache

linecache.cache.update({name: (1, None, [42, None, "\ud800"] * 100, name) for name in list(linecache.cache)})
raise ValueError("x")

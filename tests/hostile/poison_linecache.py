# expect: exception ValueError | class: poison
import linecache

linecache.cache = None
linecache.getline = linecache.getlines = linecache.checkcache = None
raise ValueError("x")

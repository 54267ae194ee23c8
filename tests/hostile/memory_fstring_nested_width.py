# expect: memory_limit | class: memory
width = 10**9
f"{0:>{width}}"

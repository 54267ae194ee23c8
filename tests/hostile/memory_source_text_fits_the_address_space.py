# expect: memory_limit MemoryError | class: memory | timeout: 20
compile("x = ('y' * 2**29,)", "folded", "exec")
exec("x = ('y' * 2**29,)")

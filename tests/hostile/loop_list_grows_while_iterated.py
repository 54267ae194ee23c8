# expect: memory_limit MemoryError | class: memory | timeout: 20
grow = [0]
for n in grow:
    grow.extend(grow)

# expect: memory_limit | class: memory | timeout: 20 | memory_bytes: 83886080
import copy

tree = [bytearray(100_000)]
while True:
    tree = [tree, copy.deepcopy(tree)]

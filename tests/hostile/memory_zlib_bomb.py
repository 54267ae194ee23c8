# expect: memory_limit | class: memory | timeout: 20
import zlib

bomb = zlib.compress(bytes(20_000_000), 1)
keep = [zlib.decompress(bomb) for _ in range(20)]

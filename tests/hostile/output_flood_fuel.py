# expect: fuel_limit | class: output | fuel: 300000000 | timeout: 20
import os

while True:
    os.write(1, b"x" * 65_536)

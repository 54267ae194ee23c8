# expect: ok | class: integer | timeout: 5
hash((1 << 8_000_000) - 1)

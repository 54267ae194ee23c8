# expect: memory_limit | class: memory | timeout: 20
("," * 1_000_000).join(["x"] * 1000)

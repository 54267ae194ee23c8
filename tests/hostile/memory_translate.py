# expect: memory_limit | class: memory | timeout: 20
("a" * 1_000_000).translate({97: "b" * 1000})

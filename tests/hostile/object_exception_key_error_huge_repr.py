# expect: exception KeyError | class: object | timeout: 10
{}["x" * 1_000_000]

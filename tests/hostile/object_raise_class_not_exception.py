# expect: exception TypeError | class: object
raise 42

# expect: exception TypeError | class: poison
type.__setattr__(int, "__add__", lambda a, b: 42)

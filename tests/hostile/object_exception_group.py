# expect: exception ExceptionGroup | class: object
raise ExceptionGroup("many", [ValueError(n) for n in range(1_000)])

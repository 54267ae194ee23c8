# expect: exception FileNotFoundError | class: escape
open("/proc/self/mem", "r+b")

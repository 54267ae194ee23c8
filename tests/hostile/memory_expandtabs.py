# expect: memory_limit | class: memory
"\t\t\t".expandtabs(10**9)

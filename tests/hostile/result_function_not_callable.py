# expect: exception TypeError | class: result | function: main
main = "not a function"

# expect: ok | class: result | function: main
main = exit

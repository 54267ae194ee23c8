# expect: ok | class: output
print("safe\rEVIL\x08\x08\x08\x08 \x7f\x85\u2028\u202e")

# expect: ok | class: output | output_bytes: 1
print("more than one byte")

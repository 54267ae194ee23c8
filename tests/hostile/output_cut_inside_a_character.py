# expect: ok | class: output | output_bytes: 4
"""Three bytes each: the cut falls inside the second."""
print("\u2603\u2603\u2603")

# expect: ok | class: text | timeout: 5
"""Half a character has no UTF-8 form."""
try:
    print("\ud800")
except UnicodeEncodeError:
    print("refused")

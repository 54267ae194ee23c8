# expect: exception UnicodeDecodeError | class: text | timeout: 0.4
("-" + "9" * 5_000).encode().decode("punycode")

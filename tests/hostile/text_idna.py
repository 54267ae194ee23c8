# expect: exception UnicodeEncodeError | class: text | timeout: 5
("xn--" + "\u1234" * 500).encode("idna")

# expect: timeout | class: text | timeout: 0.4
text = "ab" * 100_000
while text:
    text = text.replace("a", "c").replace("c", "a")

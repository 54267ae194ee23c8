# expect: ok | class: text | timeout: 5 | stdout: done
for text in ("1e" + "9" * 1_000, "0" * 100_000 + "1", "." + "0" * 100_000 + "1", "nan(" + "1" * 1_000 + ")", "_1", "1__0"):
    try:
        float(text)
    except ValueError:
        pass
print("done")

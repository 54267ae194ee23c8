# expect: exception OSError | class: files
with open("sparse", "wb") as file:
    file.seek(1 << 62)
    file.write(b"x")

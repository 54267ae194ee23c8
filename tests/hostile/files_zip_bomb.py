# expect: exception OSError | class: files | timeout: 30
import zipfile

with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
    for n in range(200):
        bomb.writestr(f"{n}", bytes(1 << 20))
with zipfile.ZipFile("bomb.zip") as bomb:
    bomb.extractall("out")

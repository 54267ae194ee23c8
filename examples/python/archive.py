"""Zip handling: write an archive, look into it, read it again."""

import hashlib
import pathlib
import tempfile
import zipfile

folder = pathlib.Path(tempfile.mkdtemp())
for name, text in {"a.txt": "alpha\n" * 100, "sub/b.txt": "beta\n", "sub/deep/c.bin": "\0\1\2"}.items():
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for path in sorted(folder.rglob("*.*")):
        if path.suffix != ".zip":
            archive.write(path, path.relative_to(folder).as_posix())
    archive.writestr("note.txt", "written straight into the archive")

with zipfile.ZipFile(folder / "all.zip") as archive:
    print(archive.testzip())
    for info in archive.infolist():
        content = archive.read(info)
        print(info.filename, info.file_size, f"{info.CRC:08x}", hashlib.sha256(content).hexdigest()[:16])
    archive.extractall(folder / "out")
print(sorted(path.relative_to(folder).as_posix() for path in (folder / "out").rglob("*")))

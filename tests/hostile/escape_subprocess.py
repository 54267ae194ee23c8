# expect: exception OSError | class: escape
import subprocess

subprocess.run(["id"])

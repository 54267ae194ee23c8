# expect: exception ImportError | class: escape
import subprocess

subprocess.run(["id"])

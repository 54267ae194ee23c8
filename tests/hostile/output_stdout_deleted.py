# expect: exception RuntimeError | class: output
import sys

del sys.stdout
print("nowhere")

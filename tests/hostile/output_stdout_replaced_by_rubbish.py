# expect: exception AttributeError | class: output
import sys

sys.stdout = 42
print("nowhere")

# expect: exception AttributeError | class: output
import sys

sys.stdout = sys.stderr = None
print("nowhere")

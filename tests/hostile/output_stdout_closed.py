# expect: exception ValueError | class: output
import sys

sys.stdout.close()
print("nowhere")

# expect: ok | class: output | timeout: 5
"""Whatever happens to the text, the program's end is reported."""
import os

os.close(1)
try:
    print("nowhere")
except OSError:
    pass

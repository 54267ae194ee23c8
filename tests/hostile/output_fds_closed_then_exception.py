# expect: exception ValueError | class: output
import os

os.close(1)
os.close(2)
raise ValueError("unheard")

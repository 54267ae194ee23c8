# expect: ok | class: output
import sys

sys.stdout.buffer.write(b"\xff\xfe\xc3\x28\xed\xa0\x80\xf8\x88\x80\x80\x80\n")

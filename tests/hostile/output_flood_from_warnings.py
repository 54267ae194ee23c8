# expect: ok | class: output | output_bytes: 1000
import warnings

warnings.simplefilter("always")
for n in range(500):
    warnings.warn("x" * 1_000)

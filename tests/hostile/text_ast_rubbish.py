# expect: ok | class: text | timeout: 5 | stdout: done
"""A thousand random programs, and not one may crash the compiler."""
import random

random.seed(1)
words = "def class if else : ( ) [ ] { } lambda yield await async * ** = := , . ' f'{ }' \n \t not in is with as match case _ 1 x @ ; -> global del".split(" ")
for _ in range(1_000):
    try:
        compile(" ".join(random.choices(words, k=8)), "rubbish", "exec")
    except (SyntaxError, ValueError):
        pass
print("done")

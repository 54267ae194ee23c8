"""Text processing: the most frequent words of a text, by regular expression and Counter."""

import re
import textwrap
from collections import Counter

TEXT = """
It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, it was
the epoch of belief, it was the epoch of incredulity, it was the season of Light, it was the season of Darkness.
"""

words = re.findall(r"[a-z]+", TEXT.casefold())
for word, count in sorted(Counter(words).most_common(), key=lambda entry: (-entry[1], entry[0]))[:8]:
    print(f"{word:<12}{count:>3} {'#' * count}")
print(textwrap.fill(TEXT.strip(), width=50, initial_indent="> ", subsequent_indent="> "))
print(re.sub(r"\b(\w)(\w*)\b", lambda match: match[1].upper() + match[2], "every word begins anew"))

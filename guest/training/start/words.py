import json
import re


def main(text, least=2):
    """Counts words."""
    counts = {}
    for word in re.findall(r"\w+", text.lower()):
        counts[word] = counts.get(word, 0) + 1
    print("counted", len(counts), "words")
    return {"words": {word: count for word, count in counts.items() if count >= least}, "size": len(json.dumps(counts))}


if __name__ == "__main__":
    print(main("nobody"))

"""Texts and bytes: methods, formatting, encodings, regular expressions, splitting and joining."""

import re
import string
import textwrap

LINES = [
    f"2024-0{number % 9 + 1}-1{number % 10} 12:{number % 60:02d}:00 host{number % 7} app[{number}]: "
    f"user=u{number % 13} took={number % 97}.{number % 10}ms status={200 + number % 5} path=/a/b{number}/c?x={number}&y=z"
    for number in range(600)
]


def caesar(text, shift):
    letters = []
    for letter in text:
        if letter.isalpha():
            base = ord("a") if letter.islower() else ord("A")
            letters.append(chr((ord(letter) - base + shift) % 26 + base))
        else:
            letters.append(letter)
    return "".join(letters)


def is_palindrome(text):
    cleaned = [letter.lower() for letter in text if letter.isalnum()]
    return cleaned == cleaned[::-1]


def parse(line):
    head, _, rest = line.partition(": ")
    date, time, host, app = head.split()
    fields = dict(part.split("=", 1) for part in rest.split(" "))
    return date, time, host, app.strip("[]"), fields


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]


def tokens(text):
    pattern = re.compile(
        r"(?P<number>\d+(?:\.\d*)?)|(?P<name>[A-Za-z_]\w*)|(?P<operator>[-+*/()=<>!]=?)|(?P<space>\s+)|(?P<other>.)"
    )
    for found in pattern.finditer(text):
        if found.lastgroup != "space":
            yield found.lastgroup, found.group()


def main():
    for line in LINES:
        date, time, host, app, fields = parse(line)
        assert fields["status"].startswith("20") and host[:4] == "host" and app
        f"{date:>12}|{time:<10}|{host:^9}|{float(fields['took'][:-2]):8.3f}|{int(fields['status']):#x}|{len(line):,}"
        "%s-%05d %r %.2f" % (date, len(line), host, 3.14159)
        "{} {name!r:>10} {:x}".format(app, len(line), name=host)
    text = "\n".join(LINES)
    assert text.count("user") == 600 and text.find("nothing") == -1 and text.upper().lower() == text
    assert len(text.replace("host", "machine").splitlines()) == 600
    assert caesar(caesar("Hello, World! " * 60, 3), 23) == "Hello, World! " * 60
    assert sum(is_palindrome(line) for line in LINES[:150]) == 0 and is_palindrome("A man, a plan, a canal: Panama")
    assert distance("kitten sitting on the mat" * 2, "sitting kitten at the mall" * 2) > 3
    pattern = re.compile(r"user=(\w+)\s+took=(\d+)\.(\d)ms\s+status=(\d{3})")
    assert sum(pattern.search(line) is not None for line in LINES) == 600
    assert len(re.findall(r"\b[a-z]+\d+\b", text)) > 600 and len(re.split(r"[\s=&?]+", text)) > 1000
    assert re.sub(r"(\d+)-(\d+)-(\d+)", lambda found: found.group(3) + "." + found.group(2), text)
    assert re.sub(r"[aeiou]", "", text) and re.match(r"(?:a|b)*c", "ababababc")
    assert re.search(r"(\w+)@(\w+)\.(?:com|org)", text + " someone@example.org")
    assert re.fullmatch(r"[^@]{1,30}?=\d+", "x=12") and not re.search(r"(?i)HOST8", text)
    assert sum(1 for _ in tokens("total = (price + 3.50) * count - discount / 2 >= limit != 7\n" * 60)) > 300
    lowered = text.casefold().translate(str.maketrans(string.ascii_lowercase, string.ascii_lowercase[::-1]))
    data = text.encode()
    assert data.decode() == text and len(data.hex()) == 2 * len(data) and lowered
    buffer = bytearray()
    for number in range(8000):
        buffer.append(number & 255)
        buffer += number.to_bytes(2, "big")
    checksum = 0
    for byte in bytes(buffer):
        checksum = (checksum * 31 + byte) & 0xFFFF
    assert checksum and buffer[::3].count(7) and bytes(buffer[10:20]).startswith(buffer[10:12])
    unicode_text = "Grüße, 世界! Ünïcödé – ñandú " * 40
    assert unicode_text.encode("utf-8").decode("utf-8") == unicode_text and unicode_text.title().swapcase()
    assert [letter for letter in unicode_text if not letter.isascii()] and unicode_text[::-1]
    assert len(textwrap.wrap(text[:3000], 60)) > 10 and textwrap.dedent("  a\n    b\n  c") == "a\n  b\nc"
    parts = []
    for number in range(4000):
        parts.append(str(number) + ("," if number % 10 else "\n"))
    joined = "".join(parts)
    assert sum(int(number) for line in joined.split("\n") for number in line.split(",") if number) > 0


main()

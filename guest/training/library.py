"""The standard library's most used modules on data of some size."""

import base64
import calendar
import collections
import csv
import datetime
import decimal
import fractions
import hashlib
import io
import json
import logging
import operator
import pickle
import random
import statistics
import string
import struct
import xml.etree.ElementTree as ElementTree
import zlib

RECORDS = [
    {
        "id": number,
        "name": f"name {number}",
        "tags": ["a", "b", str(number % 7)],
        "score": number / 3,
        "active": number % 2 == 0,
        "parent": None if number % 5 else {"id": number - 1, "note": 'a "quoted" text\n'},
    }
    for number in range(250)
]


def through_json():
    text = json.dumps(RECORDS)
    assert json.loads(text) == RECORDS
    assert json.loads(json.dumps(RECORDS, indent=2, sort_keys=True)) == RECORDS
    for record in RECORDS:
        assert json.loads(json.dumps(record, separators=(",", ":"), ensure_ascii=False)) == record


def through_csv():
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, ["id", "name", "score"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(RECORDS)
    buffer.seek(0)
    rows = list(csv.DictReader(buffer))
    assert len(rows) == 250 and rows[3]["name"] == "name 3"


def through_pickle():
    for protocol in (2, 4, 5):
        assert pickle.loads(pickle.dumps(RECORDS, protocol)) == RECORDS
    assert pickle.loads(pickle.dumps({number: (number, [number]) for number in range(300)}))


def through_xml():
    root = ElementTree.Element("records")
    for record in RECORDS:
        child = ElementTree.SubElement(root, "record", id=str(record["id"]))
        child.text = record["name"]
        ElementTree.SubElement(child, "score").text = str(record["score"])
    text = ElementTree.tostring(root)
    parsed = ElementTree.fromstring(text)
    assert len(parsed.findall("record")) == 250
    assert sum(float(score.text) for score in parsed.iter("score")) > 0
    for _, element in ElementTree.iterparse(io.BytesIO(text)):
        if element.tag == "record":
            element.clear()


def through_bytes():
    data = json.dumps(RECORDS[:40]).encode()
    assert zlib.decompress(zlib.compress(data)) == data and base64.b64decode(base64.b64encode(data)) == data
    assert len({hashlib.new(name, data).hexdigest() for name in ("md5", "sha1", "sha256", "blake2b")}) == 4
    packed = b"".join(struct.pack("<IHd", number, number % 100, number / 7) for number in range(1200))
    assert sum(number for number, _, _ in struct.iter_unpack("<IHd", packed)) > 0


def numbers():
    generator = random.Random(5)
    sample = [generator.gauss(10, 3) for _ in range(2500)]
    assert 9 < statistics.mean(sample) < 11 and statistics.stdev(sample) > 2 and statistics.median(sample)
    items = list(range(300))
    generator.shuffle(items)
    assert generator.choice(items) in items and len(generator.sample(items, 20)) == 20
    assert sum(generator.randint(1, 6) for _ in range(2500)) and sum(generator.random() for _ in range(2500))
    total = sum((fractions.Fraction(1, number) for number in range(1, 80)), fractions.Fraction(0))
    assert total > 4
    with decimal.localcontext(prec=40):
        amount = decimal.Decimal("1000.00")
        for _ in range(150):
            amount = (amount * decimal.Decimal("1.0125")).quantize(decimal.Decimal("0.01"))
        assert amount > 5000 and decimal.Decimal(2).sqrt() < 2


def times():
    day, names = datetime.date(2020, 1, 1), collections.Counter()
    for _ in range(700):
        day += datetime.timedelta(days=3, hours=0)
        names[day.strftime("%A")] += 1
    moment = datetime.datetime.fromisoformat("2024-02-29T12:30:45+00:00")
    for step in range(300):
        later = moment + datetime.timedelta(minutes=step * 17)
        assert datetime.datetime.fromisoformat(later.isoformat()) == later and (later - moment).total_seconds() >= 0
    assert datetime.datetime.strptime("03 Mar 2021", "%d %b %Y").month == 3 and calendar.isleap(2024)


def logs():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("training")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for number in range(250):
        logger.info("a line with %d and %s", number, "text")
        logger.debug("not shown %d", number)
    assert stream.getvalue().count("\n") == 250


def printed():
    for number in range(250):
        print("line", number, number / 3, sep=", ", end=";\n")
    template = string.Template("$name has $count")
    assert [template.substitute(name="a", count=number) for number in range(150)]
    key = operator.itemgetter("score")
    assert sorted(RECORDS, key=key)[0]["id"] == 0 and operator.attrgetter("real")(3) == 3


for part in (through_json, through_csv, through_pickle, through_xml, through_bytes, numbers, times, logs, printed):
    for _ in range(2):
        part()

"""Evaluates the expressions in expressions.txt, one a line, and prints what each gives: `repr`, or the exception's type."""

import argparse, array, ast, base64, binascii, bisect, calendar, cmath, collections, colorsys, copy, csv, datetime, decimal
import difflib, email.utils, enum, fnmatch, fractions, functools, hashlib, heapq, html, io, ipaddress, itertools, json, math
import operator, pickle, pprint, quopri, random, re, shlex, statistics, string, struct, textwrap, time, tokenize, types
import unicodedata, urllib.parse, uuid, warnings, zlib, zoneinfo

warnings.simplefilter("ignore")


def csv_of(row):
    text = io.StringIO()
    csv.writer(text).writerow(row)
    return text.getvalue()


def tokenized(text):
    return [(token.type, token.string) for token in tokenize.generate_tokens(io.StringIO(text).readline)]


for number, line in enumerate(open("expressions.txt", encoding="utf-8")):
    try:
        print(number, ascii(eval(line)).replace("\n", " "))
    except BaseException as error:
        # re.error has another name since Python 3.13.
        print(number, "raises", type(error).__name__.replace("PatternError", "error"))

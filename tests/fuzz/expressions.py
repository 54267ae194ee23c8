"""Random expressions of known types, as text. The same seed gives the same expressions under every Python."""

import random

TEXTS = ["", "a", "Hello, World", "straße", "ÀÉÎ", "日本語", "a b  c\t d\n", "0x1F", "-12.50", "ﬁ", "İ", "\U0001f40d", "x" * 20]
NUMBERS = ["0", "1", "-1", "2", "7", "10", "255", "256", "-3", "2**31", "2**31-1", "-2**31", "2**63", "2**64-1", "10**20",
           "12345678901234567890", "True", "False"]
FLOATS = ["0.0", "-0.0", "1.0", "0.1", "1e16", "1e-5", "123456.789", "float('inf')", "float('-inf')", "float('nan')",
          "2.5", "3.5", "1e308", "5e-324", "1/3", "1e22", "9007199254740993.0"]


class Expressions:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice

    def some(self, depth):
        return self.pick(
            [self.integer, self.real, self.text, self.octets, self.listing, self.mapping, self.sets, self.truth,
             self.formatted, self.library, self.complex_number, self.pattern, self.moment]
        )(depth)

    def integer(self, depth):
        if depth <= 0:
            return self.pick(NUMBERS)
        a, b = self.integer(depth - 1), self.integer(depth - 1)
        small = str(self.random.randrange(-3, 70))
        return self.pick([
            f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} // {b})", f"({a} % {b})", f"({a} & {b})",
            f"({a} | {b})", f"({a} ^ {b})", f"(~{a})", f"(-{a})", f"abs({a})", f"({a} << {small})", f"({a} >> {small})",
            f"pow({a}, {small}, 97)", f"pow({a}, {small.lstrip('-')})", f"divmod({a}, {b})[1]", f"({a}).bit_length()",
            f"({a}).bit_count()", f"int({self.real(depth - 1)})", f"round({self.real(depth - 1)})",
            f"len({self.text(depth - 1)})", f"hash({a})", f"math.gcd({a}, {b})", f"math.isqrt({a})",
            f"int({self.text(depth - 1)!s}, {self.pick([0, 2, 10, 16, 36])})", f"round({a}, -{self.random.randrange(4)})",
            f"ord({self.text(depth - 1)})", f"sum({self.listing(depth - 1)})", f"int.from_bytes({self.octets(depth - 1)})",
            f"{self.text(depth - 1)}.find({self.text(0)})", f"math.comb({small}, {self.random.randrange(9)})",
            f"max({a}, {b})", f"operator.index({a})", f"math.floor({self.real(depth - 1)})",
        ])

    def real(self, depth):
        if depth <= 0:
            return self.pick(FLOATS)
        a, b = self.real(depth - 1), self.pick([self.real, self.integer])(depth - 1)
        return self.pick([
            f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} / {b})", f"({a} // {b})", f"({a} % {b})",
            f"math.sqrt({a})", f"math.fmod({a}, {b})", f"round({a}, {self.random.randrange(-3, 6)})", f"abs({a})",
            f"math.fsum([{a}, {b}])", f"math.hypot({a}, {b})", f"({a}).__round__(2)", f"math.copysign({a}, {b})",
            f"float({self.text(depth - 1)})", f"float.fromhex(({a}).hex())", f"math.ldexp({a}, {self.random.randrange(-9, 9)})",
            f"math.frexp({a})[0]", f"statistics.mean([{a}, {b}, 1])", f"math.nextafter({a}, {b})", f"({a} ** 2)",
            f"float({self.integer(depth - 1)})", f"math.remainder({a}, {b})", f"math.dist([{a}], [{b}])",
        ])

    def complex_number(self, depth):
        a, b = self.real(0), self.real(0)
        return self.pick([
            f"complex({a}, {b})", f"({a} + {b} * 1j) * (1 - 2j)", f"abs(complex({a}, {b}))", f"complex({a}, {b}) ** 2",
            f"cmath.phase(complex({a}, {b}))", f"complex({a}, {b}).conjugate()", f"complex({self.text(0)})",
            f"complex({a}, {b}) / complex({b}, 1)", f"'{{:.2f}}'.format(complex({a}, {b}))",
        ])

    def text(self, depth):
        if depth <= 0:
            return repr(self.pick(TEXTS))
        a, b = self.text(depth - 1), self.text(depth - 1)
        n, m = self.random.randrange(-6, 12), self.random.randrange(-6, 12)
        return self.pick([
            f"({a} + {b})", f"({a} * {self.random.randrange(4)})", f"{a}.upper()", f"{a}.lower()", f"{a}.title()",
            f"{a}.swapcase()", f"{a}.casefold()", f"{a}.capitalize()", f"{a}[{n}:{m}]", f"{a}[::{n}]", f"{a}[{n}]",
            f"{a}.center({m}, '*')", f"{a}.zfill({m})", f"{a}.replace({self.text(0)}, {b}, {n})", f"{a}.strip()",
            f"{a}.rjust({m})", f"{a}.expandtabs({abs(m)})", f"repr({self.some(depth - 1)})", f"ascii({a})",
            f"{a}.join({a})", f"str({self.some(depth - 1)})", f"chr({self.integer(0)} % 1114112)", f"hex({self.integer(depth - 1)})",
            f"{a}.translate({{97: None, 98: 'ß'}})", f"unicodedata.normalize('NFKD', {a})", f"textwrap.fill({a}, 5)",
            f"textwrap.shorten({a}, 9)", f"html.escape({a})", f"urllib.parse.quote({a})", f"{a}.removeprefix({self.text(0)})",
            f"json.dumps({self.some(depth - 1)})", f"json.dumps({self.mapping(depth - 1)}, indent=2, sort_keys=True)",
            f"pprint.pformat({self.some(depth - 1)}, width=20)", f"string.capwords({a})", f"oct({self.integer(0)})",
        ])

    def octets(self, depth):
        a = f"{self.text(max(depth - 1, 0))}.encode()"
        n, m = self.random.randrange(-6, 12), self.random.randrange(-6, 12)
        return self.pick([
            a, f"bytes({abs(n)})", f"bytes([{abs(n)}, {abs(m)}, 255])", f"{a}[{n}:{m}]", f"base64.b64encode({a})",
            f"zlib.decompress(zlib.compress({a}))", f"hashlib.sha256({a}).digest()", f"struct.pack('<iHq', {n}, {abs(m)}, {n})",
            f"bytes.fromhex({a}.hex())", f"{a}.replace(b'a', b'bc')", f"binascii.hexlify({a})", f"bytearray({a})[::-1]",
            f"({abs(n)}).to_bytes(4, 'big')", f"{a} % ()", f"b'%d %r' % ({n}, {a})", f"pickle.loads(pickle.dumps({a}))",
            f"quopri.encodestring({a})", f"memoryview({a})[::2].tobytes()", f"{a}.translate(None, b'aeiou')",
        ])

    def listing(self, depth):
        items = ", ".join(self.some(depth - 1) if depth > 0 else self.integer(0) for _ in range(self.random.randrange(4)))
        a = f"[{items}]"
        n, m = self.random.randrange(-4, 5), self.random.randrange(-4, 5)
        return self.pick([
            a, a, f"{a}[{n}:{m}]", f"sorted({a})", f"{a}[::-1]", f"list(enumerate({a}))", f"tuple({a})", f"{a} * {m}",
            f"list(zip({a}, {self.text(0)}))", f"[x for x in {a} if x]", f"{self.text(0)}.split()", f"{self.text(0)}.partition('l')",
            f"list(itertools.accumulate({a}))", f"list(itertools.combinations({a}, 2))", f"list(map(str, {a}))",
            f"sorted({a}, key=repr, reverse=True)", f"{self.text(0)}.splitlines(True)", f"list(range({n}, {m}, {n}))",
            f"heapq.nsmallest(2, {a})", f"divmod({self.integer(0)}, {self.integer(0)})", f"list(reversed({a}))",
            f"difflib.get_close_matches('ab', ['abc', 'b', {self.text(0)}])",
            f"csv_of({a})", f"shlex.split({self.text(0)})", f"list(itertools.groupby({self.text(0)}, str.isupper))[:0]",
        ])

    def mapping(self, depth):
        pairs = ", ".join(f"{self.pick([self.text, self.integer, self.real])(0)}: {self.some(depth - 1)}"
                          for _ in range(self.random.randrange(4)))
        a = "{" + pairs + "}"
        return self.pick([
            a, a, f"collections.Counter({self.text(0)})", f"({a} | {{'k': 1}})", f"list({a}.items())",
            f"dict(sorted({a}.items(), key=repr))", f"list(collections.OrderedDict({a}).items())", f"dict.fromkeys({self.text(0)}, 1)",
            f"urllib.parse.parse_qs({self.text(0)})", f"json.loads(json.dumps({a}))", f"{a}.get({self.integer(0)}, 'no')",
            f"{a} == {a}", f"collections.defaultdict(list, {a})", f"types.SimpleNamespace(**{a})",
        ])

    def sets(self, depth):
        a, b = self.listing(0), self.listing(0)
        return self.pick([
            f"sorted(set({a}) | set({b}))", f"set({a}) & set({b})", f"set({a}) <= set({b})", f"len(set({a}) ^ set({b}))",
            f"frozenset({a}) == frozenset({b})", f"sorted({{x % 3 for x in {a}}})",
        ])

    def truth(self, depth):
        a, b = self.some(depth - 1) if depth > 0 else "1", self.some(depth - 1) if depth > 0 else "'a'"
        return self.pick([
            f"({a} == {b})", f"({a} < {b})", f"({a} in {self.listing(0)})", f"not {a}", f"bool({a})", f"({a} and {b})",
            f"({a} or {b})", f"isinstance({a}, (int, str))", f"{self.text(0)}.isidentifier()", f"{self.text(0)}.isnumeric()",
            f"({a} if {b} else None)", f"all({self.listing(0)})", f"callable({a})", f"{self.text(0)}.startswith({self.text(0)})",
            f"({a} is None)", f"({self.integer(0)} < {self.real(0)} <= {self.integer(0)})", f"{self.text(0)}.isprintable()",
        ])

    def formatted(self, depth):
        fill, align = self.pick(["", "*", " ", "0", "é"]), self.pick(["", "<", ">", "^", "="])
        spec = (fill if align else "") + align + self.pick(["", "+", "-", " "]) + self.pick(["", "#"]) + self.pick(["", "0"])
        spec += self.pick(["", "1", "8", "14"]) + self.pick(["", ",", "_"]) + self.pick(["", ".0", ".3", ".10"])
        spec += self.pick(["", "d", "x", "b", "o", "e", "f", "g", "%", "s", "c", "n", "r", "G", "X"])
        value = self.pick([self.integer, self.real, self.text])(max(depth - 1, 0))
        old = self.pick(["%d", "%5.2f", "%-8s|", "%x", "%e", "%r", "%c", "%+d", "%05d", "%%", "%g", "%#o", "%.3s", "%a", "%i"])
        return self.pick([
            f"format({value}, {spec!r})", f"{old!r} % ({value},)",
            f"'{{0:{spec}}}'.format({value})", f"'{{0!s:^{self.random.randrange(30)}}}|{{0}}'.format({value})",
            f"'%(a)s %(b).2f' % {{'a': {value}, 'b': {self.real(0)}}}", f"string.Template('$a ${{b}}').safe_substitute(a={value})",
        ])

    def library(self, depth):
        a, n = self.integer(max(depth - 1, 0)), self.random.randrange(1, 30)
        x, y = self.pick(["1", "0.1", "3.14159", "1e10", "-7.5", "123456789.987", "0"]), self.pick(["3", "0.7", "-2", "1e-3"])
        return self.pick([
            f"decimal.Decimal({x!r}) {self.pick(['+', '-', '*', '/', '//', '%', '**'])} decimal.Decimal({y!r})",
            f"decimal.Decimal({x!r}).quantize(decimal.Decimal('0.01'), decimal.{self.pick(['ROUND_HALF_UP', 'ROUND_DOWN', 'ROUND_HALF_EVEN'])})",
            f"fractions.Fraction({x!r}) * fractions.Fraction({y!r})", f"fractions.Fraction({a}, {n})",
            f"random.Random({n}).{self.pick(['random()', 'gauss(0, 1)', 'sample(range(50), 5)', 'randrange(10**9)', 'choices(range(9), k=4)', 'betavariate(1, 2)', 'getrandbits(70)', 'triangular()'])}",
            f"uuid.uuid5(uuid.NAMESPACE_DNS, {self.text(0)})", f"ast.unparse(ast.parse({self.text(0)!r}))",
            f"ast.literal_eval({self.text(0)!r})", f"copy.deepcopy({self.mapping(0)})", f"bisect.bisect([1, 2, 4, 8], {n} % 9)",
            f"functools.reduce(operator.add, {self.listing(0)})", f"array.array('h', [{n}, -{n}])", f"zlib.crc32({self.octets(0)})",
            f"colorsys.rgb_to_hsv(0.{n}, 0.5, 0.1)", f"ipaddress.ip_network('10.0.0.0/{n}').num_addresses",
            f"hashlib.new({self.pick(['md5', 'sha1', 'blake2b', 'sha3_256'])!r}, {self.octets(0)}).hexdigest()",
            f"tuple(map(int, calendar.monthrange(20{n:02}, 2)))", f"statistics.stdev([{n}, 1, 2.5])", f"textwrap.dedent('  a\\n   b')",
            f"struct.unpack('>hB', struct.pack('>hB', {n}, {n}))", f"unicodedata.name({self.text(0)}[0])",
            f"difflib.SequenceMatcher(None, {self.text(0)}, {self.text(0)}).ratio()", f"html.unescape('&lt;&eacute;&#{n};')",
            f"tokenized({self.text(0)})", f"argparse.Namespace(a={n})", f"enum.IntFlag('F', 'A B C')({n % 8})",
        ])

    def pattern(self, depth):
        pattern = "".join(self.pick(["a", "b", ".", r"\w", r"\d", "[a-c]", "[^ ]", "l", "o", " ", "(a|b)", r"\b", "^", "$",
                                     "(?P<n>o+)", "(?:x)", "é", r"\s", "(?=o)", "(?<=l)", "(?i:h)"])
                          + self.pick(["", "", "*", "+", "?", "{1,2}", "*?", "++"][:7]) for _ in range(self.random.randrange(1, 5)))
        text, flags = self.text(0), self.pick(["0", "re.I", "re.M", "re.S", "re.X", "re.A"])
        return self.pick([
            f"re.findall({pattern!r}, {text}, {flags})", f"re.sub({pattern!r}, '<\\\\g<0>>', {text})",
            f"re.split({pattern!r}, {text})", f"re.search({pattern!r}, {text}, {flags})", f"re.fullmatch({pattern!r}, {text})",
            f"[m.span() for m in re.finditer({pattern!r}, {text}, {flags})]", f"re.escape({text})",
        ])

    def moment(self, depth):
        day = f"datetime.datetime({self.random.randrange(1, 3000)}, {self.random.randrange(1, 14)}, {self.random.randrange(1, 32)}, {self.random.randrange(24)}, 5, 7, {self.random.randrange(10**6)})"
        code = self.pick(list("aAwdbBmyYHIpMSfjUWcxX%GuV"))
        return self.pick([
            f"{day}.isoformat()", f"{day}.strftime('%{code}')", f"{day}.isocalendar()", f"{day}.timetuple()",
            f"{day} + datetime.timedelta(days={self.random.randrange(-999, 999)}, seconds=0.5)", f"str({day}.date())",
            f"datetime.datetime.fromisoformat({day}.isoformat())", f"repr({day} - datetime.datetime(2000, 1, 1))",
            f"{day}.replace(tzinfo=zoneinfo.ZoneInfo('Europe/Berlin')).utcoffset()", f"{day}.ctime()", f"{day}.toordinal()",
            f"time.strftime('%{code}', (2024, 2, 29, 1, 2, 3, 3, 60, 0))", f"email.utils.format_datetime({day})",
            f"datetime.timedelta(seconds={self.real(0)})", f"datetime.datetime.strptime('2024-02-29', '%Y-%m-%d')",
        ])

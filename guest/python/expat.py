"""`pyexpat` written in Python: a non-validating XML 1.0 parser with Expat's events, errors and positions.

The document is read as UTF-8 bytes, whatever its encoding: every index into them takes the same time, also where text
does not. The first byte that is no character ends what is kept of the input: nothing after it can be reached.
"""

import re
import sys
import types

__all__ = (
    "EXPAT_VERSION ErrorString ExpatError ParserCreate XMLParserType XML_PARAM_ENTITY_PARSING_ALWAYS"
    " XML_PARAM_ENTITY_PARSING_NEVER XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE error errors features model"
    " native_encoding version_info"
).split()

EXPAT_VERSION = "expat_2.5.0"
version_info = (2, 5, 0)
native_encoding = "UTF-8"
MAXIMUM_AMPLIFICATION, AMPLIFICATION_THRESHOLD = 100, 8 << 20
features = [
    ("sizeof(XML_Char)", 1), ("sizeof(XML_LChar)", 1), ("XML_DTD", 0), ("XML_CONTEXT_BYTES", 1024), ("XML_NS", 0),
    ("XML_BLAP_MAX_AMP", MAXIMUM_AMPLIFICATION), ("XML_BLAP_ACT_THRES", AMPLIFICATION_THRESHOLD),
]
XML_PARAM_ENTITY_PARSING_NEVER, XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE, XML_PARAM_ENTITY_PARSING_ALWAYS = range(3)

# In the order of their codes, from 1.
ERRORS = """
NO_MEMORY out of memory
SYNTAX syntax error
NO_ELEMENTS no element found
INVALID_TOKEN not well-formed (invalid token)
UNCLOSED_TOKEN unclosed token
PARTIAL_CHAR partial character
TAG_MISMATCH mismatched tag
DUPLICATE_ATTRIBUTE duplicate attribute
JUNK_AFTER_DOC_ELEMENT junk after document element
PARAM_ENTITY_REF illegal parameter entity reference
UNDEFINED_ENTITY undefined entity
RECURSIVE_ENTITY_REF recursive entity reference
ASYNC_ENTITY asynchronous entity
BAD_CHAR_REF reference to invalid character number
BINARY_ENTITY_REF reference to binary entity
ATTRIBUTE_EXTERNAL_ENTITY_REF reference to external entity in attribute
MISPLACED_XML_PI XML or text declaration not at start of entity
UNKNOWN_ENCODING unknown encoding
INCORRECT_ENCODING encoding specified in XML declaration is incorrect
UNCLOSED_CDATA_SECTION unclosed CDATA section
EXTERNAL_ENTITY_HANDLING error in processing external entity reference
NOT_STANDALONE document is not standalone
UNEXPECTED_STATE unexpected parser state - please send a bug report
ENTITY_DECLARED_IN_PE entity declared in parameter entity
FEATURE_REQUIRES_XML_DTD requested feature requires XML_DTD support in Expat
CANT_CHANGE_FEATURE_ONCE_PARSING cannot change setting once parsing has begun
UNBOUND_PREFIX unbound prefix
UNDECLARING_PREFIX must not undeclare prefix
INCOMPLETE_PE incomplete markup in parameter entity
XML_DECL XML declaration not well-formed
TEXT_DECL text declaration not well-formed
PUBLICID illegal character(s) in public id
SUSPENDED parser suspended
NOT_SUSPENDED parser not suspended
ABORTED parsing aborted
FINISHED parsing finished
SUSPEND_PE cannot suspend in external parameter entity
RESERVED_PREFIX_XML reserved prefix (xml) must not be undeclared or bound to another namespace name
RESERVED_PREFIX_XMLNS reserved prefix (xmlns) must not be declared or undeclared
RESERVED_NAMESPACE_URI prefix must not be bound to one of the reserved namespace names
INVALID_ARGUMENT invalid argument
NO_BUFFER a successful prior call to function XML_GetBuffer is required
AMPLIFICATION_LIMIT_BREACH limit on input amplification factor (from DTD and entities) breached
"""
CODES = {}
model = types.ModuleType("pyexpat.model", "Constants used to interpret content model information.")
errors = types.ModuleType("pyexpat.errors", "Constants used to describe error conditions.")
errors.codes, errors.messages = {}, {}
for code, line in enumerate(ERRORS.strip().split("\n"), 1):
    name, message = line.split(" ", 1)
    CODES[name], errors.codes[message], errors.messages[code] = code, code, message
    setattr(errors, "XML_ERROR_" + name, message)
for code, name in enumerate(("EMPTY", "ANY", "MIXED", "NAME", "CHOICE", "SEQ"), 1):
    setattr(model, "XML_CTYPE_" + name, code)
for code, name in enumerate(("NONE", "OPT", "REP", "PLUS")):
    setattr(model, "XML_CQUANT_" + name, code)
sys.modules["pyexpat.errors"], sys.modules["pyexpat.model"] = errors, model

# Letters and ideographs beyond ASCII that may begin a name, and what else may follow, as the fourth edition has them.
NAME_START = """
c0-d6 d8-f6 f8-131 134-13e 141-148 14a-17e 180-1c3 1cd-1f0 1f4-1f5 1fa-217 250-2a8 2bb-2c1 386 388-38a 38c 38e-3a1
3a3-3ce 3d0-3d6 3da 3dc 3de 3e0 3e2-3f3 401-40c 40e-44f 451-45c 45e-481 490-4c4 4c7-4c8 4cb-4cc 4d0-4eb 4ee-4f5 4f8-4f9
531-556 559 561-586 5d0-5ea 5f0-5f2 621-63a 641-64a 671-6b7 6ba-6be 6c0-6ce 6d0-6d3 6d5 6e5-6e6 905-939 93d 958-961
985-98c 98f-990 993-9a8 9aa-9b0 9b2 9b6-9b9 9dc-9dd 9df-9e1 9f0-9f1 a05-a0a a0f-a10 a13-a28 a2a-a30 a32-a33 a35-a36
a38-a39 a59-a5c a5e a72-a74 a85-a8b a8d a8f-a91 a93-aa8 aaa-ab0 ab2-ab3 ab5-ab9 abd ae0 b05-b0c b0f-b10 b13-b28 b2a-b30
b32-b33 b36-b39 b3d b5c-b5d b5f-b61 b85-b8a b8e-b90 b92-b95 b99-b9a b9c b9e-b9f ba3-ba4 ba8-baa bae-bb5 bb7-bb9 c05-c0c
c0e-c10 c12-c28 c2a-c33 c35-c39 c60-c61 c85-c8c c8e-c90 c92-ca8 caa-cb3 cb5-cb9 cde ce0-ce1 d05-d0c d0e-d10 d12-d28
d2a-d39 d60-d61 e01-e2e e30 e32-e33 e40-e45 e81-e82 e84 e87-e88 e8a e8d e94-e97 e99-e9f ea1-ea3 ea5 ea7 eaa-eab ead-eae
eb0 eb2-eb3 ebd ec0-ec4 f40-f47 f49-f69 10a0-10c5 10d0-10f6 1100 1102-1103 1105-1107 1109 110b-110c 110e-1112 113c 113e
1140 114c 114e 1150 1154-1155 1159 115f-1161 1163 1165 1167 1169 116d-116e 1172-1173 1175 119e 11a8 11ab 11ae-11af
11b7-11b8 11ba 11bc-11c2 11eb 11f0 11f9 1e00-1e9b 1ea0-1ef9 1f00-1f15 1f18-1f1d 1f20-1f45 1f48-1f4d 1f50-1f57 1f59 1f5b
1f5d 1f5f-1f7d 1f80-1fb4 1fb6-1fbc 1fbe 1fc2-1fc4 1fc6-1fcc 1fd0-1fd3 1fd6-1fdb 1fe0-1fec 1ff2-1ff4 1ff6-1ffc 2126
212a-212b 212e 2180-2182 3007 3021-3029 3041-3094 30a1-30fa 3105-312c 4e00-9fa5 ac00-d7a3
"""
NAME_MORE = """
b7 2d0-2d1 300-345 360-361 387 483-486 591-5a1 5a3-5b9 5bb-5bd 5bf 5c1-5c2 5c4 640 64b-652 660-669 670 6d6-6e4 6e7-6e8
6ea-6ed 6f0-6f9 901-903 93c 93e-94d 951-954 962-963 966-96f 981-983 9bc 9be-9c4 9c7-9c8 9cb-9cd 9d7 9e2-9e3 9e6-9ef a02
a3c a3e-a42 a47-a48 a4b-a4d a66-a71 a81-a83 abc abe-ac5 ac7-ac9 acb-acd ae6-aef b01-b03 b3c b3e-b43 b47-b48 b4b-b4d
b56-b57 b66-b6f b82-b83 bbe-bc2 bc6-bc8 bca-bcd bd7 be7-bef c01-c03 c3e-c44 c46-c48 c4a-c4d c55-c56 c66-c6f c82-c83
cbe-cc4 cc6-cc8 cca-ccd cd5-cd6 ce6-cef d02-d03 d3e-d43 d46-d48 d4a-d4d d57 d66-d6f e31 e34-e3a e46-e4e e50-e59 eb1
eb4-eb9 ebb-ebc ec6 ec8-ecd ed0-ed9 f18-f19 f20-f29 f35 f37 f39 f3e-f3f f71-f84 f86-f8b f90-f95 f97 f99-fad fb1-fb7 fb9
20d0-20dc 20e1 3005 302a-302f 3031-3035 3099-309a 309d-309e 30fc-30fe
"""
CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r")
NO_CHARACTER = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
# What ends a broken document: a byte that is no character, a character cut off, half a unit of UTF-16.
INVALID, CUT_OFF, HALF_UNIT = b"\xff", b"\xfe", b"\xfd"
# Beyond ASCII any character will do here; `valid_length` looks closer, once for each name.
NAME = rb"[A-Za-z_:\x80-\xf4][-.0-9A-Za-z_:\x80-\xf4]*"
TAG = re.compile(
    rb"<(?:/(%b)\s*>|(%b)((?:\s+%b\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*)\s*(/?)>)" % (NAME, NAME, NAME)
).match
ATTRIBUTES = re.compile(rb"([^\s=]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
REFERENCE = re.compile(rb"&(?:#([0-9]+|x[0-9a-fA-F]+)|(%b));" % NAME).match
NO_REFERENCE = re.compile(rb"&(?!(?:#(?:[0-9]+|x[0-9a-fA-F]+)|%b);)" % NAME).search
NAME, SPACE = re.compile(NAME).match, re.compile(rb"\s*").match
DECIMAL, HEXADECIMAL = re.compile(rb"[0-9]*").match, re.compile(rb"[0-9a-fA-F]*").match
NAME_TOKEN = re.compile(rb"[-.0-9A-Za-z_:\x80-\xf4]*").match
TAG_STOP, VALUE_STOP = re.compile(rb"[\"'>]").search, re.compile(rb"[&<\"'\xfd-\xff]").search
BLANK = re.compile(rb"\r\n|[\t\r\n]").sub
NO_PUBLIC_ID = re.compile(rb"[^-A-Za-z0-9 \r\n'()+,./:=?;!*#@$_%]").search
DECLARED_NAME, DECLARED = re.compile(rb"[^\s=\x80-\xff]*").match, re.compile(rb"[-A-Za-z0-9._]*").match
CONDITIONAL = re.compile(rb"<!\[|\]\]>").search
PIECES = re.compile(r"\n|[^\n]+").findall
PROLOG = re.compile(rb"""
    (?P<space>\s+)
    |(?P<literal>(?:"[^"]*"|'[^']*')(?![^\s>%\[]))
    |(?P<declare><![A-Za-z_:]+(?=\s|%[^\s%]))
    |(?P<instance><(?=[A-Za-z_:\x80-\xf4]))
    |(?P<reference>%[A-Za-z_:\x80-\xf4][-.0-9A-Za-z_:\x80-\xf4]*;)
    |(?P<percent>%(?=[\s%]))
    |(?P<close>\)(?:[*?+]|(?![^\s>,|)])))
    |(?P<pound>\#[A-Za-z_:\x80-\xf4][-.0-9A-Za-z_:\x80-\xf4]*(?![^\s>%|)]))
    |(?P<name>[A-Za-z_:\x80-\xf4][-.0-9A-Za-z_:\x80-\xf4]*(?![^\s>),|\[%]))
    |(?P<repeated>[A-Za-z_:\x80-\xf4][-.0-9A-Za-z_:\x80-\xf4]*[*?+])
    |(?P<token>[-.0-9A-Za-z_:\x80-\xf4]+(?![^\s>),|\[%]))
    |(?P<closed>\]\]>)
    |(?P<other>[\[\](|,>])
""", re.VERBOSE).match
XML, XMLNS = "http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2000/xmlns/"
# Tokens to look closer at where they are not ASCII or have a colon.
NAMES = ("name", "repeated", "token", "pound", "reference", "declare")
# Tokens that what comes next may change.
OPEN_ENDED = ("literal", "name", "token", "pound")
NAME_LETTERS = re.compile(rb"[A-Za-z_:]*").match
VALUE_REFERENCE = re.compile(rb"[&%]").search
CDATA = b"<![CDATA["
READ_BYTES = 1 << 16
# An unfinished token of fewer bytes is looked at with each chunk, so that what is wrong with it is told early.
ALWAYS_TRIED = 256
URI = re.compile(r"[-A-Za-z0-9%._~:/?#\[\]@!$&'()*+,;=]").match
PREDEFINED = {b"lt": "<", b"gt": ">", b"amp": "&", b"quot": '"', b"apos": "'"}
NATIVE = {
    "UTF-8": "utf-8", "ISO-8859-1": "latin-1", "US-ASCII": "ascii", "UTF-16": "utf-16", "UTF-16BE": "utf-16-be",
    "UTF-16LE": "utf-16-le",
}
BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
QUANTIFIERS = {b"": 0, b"?": 1, b"*": 2, b"+": 3}
ATTRIBUTE_TYPES = b"CDATA ID IDREF IDREFS ENTITY ENTITIES NMTOKEN NMTOKENS".split()
HANDLERS = (
    "StartElementHandler EndElementHandler ProcessingInstructionHandler CommentHandler StartCdataSectionHandler"
    " EndCdataSectionHandler StartNamespaceDeclHandler EndNamespaceDeclHandler XmlDeclHandler StartDoctypeDeclHandler"
    " EndDoctypeDeclHandler ElementDeclHandler AttlistDeclHandler EntityDeclHandler UnparsedEntityDeclHandler"
    " NotationDeclHandler ExternalEntityRefHandler NotStandaloneHandler SkippedEntityHandler"
).split()


class ExpatError(Exception):
    pass


ExpatError.__module__ = "xml.parsers.expat"
error = ExpatError


class Fault(Exception):
    """An error of the document, by its code; `at` is where, unless it is where the current event is."""

    def __init__(self, code, at=None):
        self.code, self.at = CODES[code] if isinstance(code, str) else code, at


class Unfinished(Exception):
    """The text ends within a token."""


def valid_length(name, patterns=[]):
    """How many of these bytes are a name; those of ASCII have been looked at already."""
    if name.isascii():
        return len(name)
    if not patterns:
        start, more = (
            "".join("-".join(chr(int(end, 16)) for end in item.split("-")) for item in table.split())
            for table in (NAME_START, NAME_MORE)
        )
        patterns.append(re.compile(f"[A-Za-z_:{start}][-.0-9A-Za-z_:{start}{more}]*").match)
    match = patterns[0](name.decode())
    return len(match[0].encode()) if match else 0


def width(text):
    return len(text) if text.isascii() else len(text.decode())


def normalized(text):
    """With line ends as XML has them, as a string."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text.decode()


def character(number):
    """What a reference to this number stands for, in UTF-8."""
    digits = number[1:] if number[:1] == b"x" else number
    code = int(digits, 16 if digits is not number else 10) if len(digits.lstrip(b"0")) < 9 else 0
    if not (code > 31 or code in (9, 10, 13)) or 0xD800 <= code < 0xE000 or code in (0xFFFE, 0xFFFF) or code > 0x10FFFF:
        raise Fault("BAD_CHAR_REF")
    return chr(code).encode()


def unexpected(text, at):
    """What is there cannot be there, or nothing is."""
    if text[at:at + 1] in (b"", CUT_OFF, HALF_UNIT):
        raise Unfinished
    raise Fault("INVALID_TOKEN", at)


def comment_end(text, at):
    if text[at + 3:at + 4] != b"-":
        unexpected(text, at + 3)
    end = text.find(b"--", at + 4)
    if end < 0:
        raise Unfinished
    if text[end + 2:end + 3] != b">":
        unexpected(text, end + 2)
    return end + 3


def declaration(token, general):
    """Version, encoding and standalone of an XML or text declaration, and where the encoding is."""
    code, end = "TEXT_DECL" if general else "XML_DECL", len(token) - 2
    at, body = 5, token[:end]

    def part():
        nonlocal at
        if at == end:
            return None, None, at
        start = SPACE(body, at).end()
        if start == at:
            raise Fault(code, at)
        if start == end:
            at = end
            return None, None, at
        after = DECLARED_NAME(body, start).end()
        equals = SPACE(body, after).end()
        if body[equals:equals + 1] != b"=" or after == start:
            raise Fault(code, equals)
        at = SPACE(body, equals + 1).end()
        quote = body[at:at + 1]
        if quote not in (b'"', b"'"):
            raise Fault(code, at)
        stop = DECLARED(body, at + 1).end()
        if body[stop:stop + 1] != quote:
            raise Fault(code, stop)
        value, at = (body[at + 1:stop].decode(), at + 1), stop + 1
        return body[start:after], value, start

    version = encoding = where = None
    name, value, start = part()
    if name is None:
        raise Fault(code, start)
    if name == b"version":
        version = value[0]
        name, value, start = part()
        if name is None and general:
            raise Fault(code, start)
    elif not general:
        raise Fault(code, start)
    if name == b"encoding":
        encoding, where = value
        if not encoding[:1].isalpha():
            raise Fault(code, where)
        name, value, start = part()
    standalone = -1
    if name is not None:
        if name != b"standalone" or general:
            raise Fault(code, start)
        if value[0] not in ("yes", "no"):
            raise Fault(code, value[1])
        standalone = int(value[0] == "yes")
        if SPACE(body, at).end() != end:
            raise Fault(code, SPACE(body, at).end())
    return version, encoding, standalone, where


def single_byte(encoding):
    """What each byte stands for; refuses what is no extension of ASCII, LookupError if nobody knows it."""
    table = bytes(range(256)).decode(encoding, "replace")
    if len(table) != 256:
        raise ValueError("multi-byte encodings are not supported")
    for code in range(128):
        if chr(code) != table[code] and (code > 31 or code in (9, 10, 13)) and chr(code) not in "$@\\^`{}~\x7f":
            raise Fault("UNKNOWN_ENCODING")
    return list(table)


class Source:
    """Text being read: the document (with `entity` None) or what an entity stands for."""

    __slots__ = "text", "pos", "event", "final", "entity", "level", "between"

    def __init__(self, text, final, entity=None, level=0, between=True):
        self.text, self.final, self.entity, self.level, self.between = text, final, entity, level, between
        self.pos = self.event = 0


class Entity:
    __slots__ = "name", "text", "base", "system", "public", "notation", "open", "internal"

    def __init__(self, name, text, base, system, public, notation, internal):
        self.name, self.text, self.base, self.system, self.public = name, text, base, system, public
        self.notation, self.internal, self.open = notation, internal, False


class DTD:
    """What has been declared; a document shares it with its external entities."""

    __slots__ = "entities", "parameters", "attributes", "standalone", "keep", "references", "read", "direct", "indirect"

    def __init__(self):
        self.entities, self.parameters, self.attributes = {}, {}, {}
        self.standalone = self.references = self.read = False
        self.keep = True
        self.direct = self.indirect = 0

    def account(self, size):
        self.indirect += size
        total = self.direct + self.indirect
        if total > AMPLIFICATION_THRESHOLD and total > MAXIMUM_AMPLIFICATION * self.direct:
            raise Fault("AMPLIFICATION_LIMIT_BREACH")


def switch(name):
    return property(lambda self: getattr(self, name), lambda self, value: setattr(self, name, bool(value)))


class xmlparser:
    """XML parser"""

    __slots__ = HANDLERS + (
        "intern _text_handler _default _default_plain _default_expand _expand _buffer_text _buffer_size _chunks"
        " _used _ordered _specified _triplets _separator _base _protocol _codec _table _native _raw _tail _broken"
        " _document _source _sources _want _quote _overlap _retry _held _pending _state _machine _tags _opened"
        " _names _bindings _qualified _dtd _fragment _parameter _fresh _decl _subset_open _handled _includes"
        " _ignored _parsing _foreign _started _busy _finished _error _mark _line _column _byte"
    ).split()

    def __new__(cls, *args, **kwargs):
        raise TypeError("cannot create 'pyexpat.xmlparser' instances")

    def __delattr__(self, name):
        raise RuntimeError("Cannot delete attribute")

    def _begin(self, encoding, separator, intern):
        for name in HANDLERS:
            setattr(self, name, None)
        self.intern, self._protocol, self._separator = intern, encoding, separator
        self._text_handler = self._default = self._default_plain = self._default_expand = self._base = None
        self._buffer_text = self._ordered = self._specified = self._triplets = False
        self._expand, self._buffer_size, self._chunks, self._used = True, 8192, [], 0
        self._codec = self._want = self._decl = self._machine = self._opened = self._table = None
        self._native = True
        self._raw = self._tail = self._quote = self._overlap = b""
        self._document = self._source = Source(b"", False)
        self._sources, self._pending, self._tags, self._names, self._qualified = [], [], [], {}, {}
        self._bindings, self._dtd = {b"xml": XML}, DTD()
        self._retry = self._held = self._includes = self._ignored = self._parsing = self._error = 0
        self._broken = self._fragment = self._parameter = self._subset_open = self._handled = self._foreign = False
        self._started = self._busy = self._finished = False
        self._fresh, self._state = True, "_prolog"
        self._mark, self._line, self._column, self._byte = 0, 1, 0, 0

    # What programs use.

    def Parse(self, data, isfinal=False, /):
        """Parse XML data; `isfinal` is true at the end of input."""
        if self._busy:
            raise RuntimeError("cannot call Parse() from within a handler")
        if isinstance(data, str):
            data = data.encode()
            if not self._started:
                self._protocol = "utf-8"
        elif type(data) is not bytes:
            data = bytes(memoryview(data))
        if self._finished and self._error in (0, CODES["ABORTED"]):
            self._error = CODES["FINISHED"]
        if self._error:
            raise self._exception()
        self._started = self._busy = True
        try:
            if self._accept(data, bool(isfinal)):
                while getattr(self, self._state)():
                    pass
            self._document.event = self._document.pos
            self._finished = bool(isfinal)
            if self._chunks:
                self._flush()
        except Fault as fault:
            self._error, self._machine = fault.code, None
            if fault.at is not None and self._source is self._document:
                self._document.event = fault.at
            raise self._exception() from None
        except BaseException:
            self._abort()
            raise
        finally:
            self._busy = False
        return 1

    def ParseFile(self, file, /):
        """Parse XML data from file-like object."""
        read = getattr(file, "read", None)
        if read is None:
            raise TypeError("argument must have 'read' attribute")
        while True:
            data = read(READ_BYTES)
            if not isinstance(data, (bytes, bytearray)):
                raise TypeError(f"read() did not return a bytes object (type={type(data).__name__})")
            result = self.Parse(data, not data)
            if not data:
                return result

    def SetBase(self, base, /):
        """Set the base URL for the parser."""
        self._base = base

    def GetBase(self, /):
        """Return base URL string for the parser."""
        return self._base

    def GetInputContext(self, /):
        """Return the untranslated text of the input that caused the current event."""
        return self._document.text[self._document.event:] if self._busy else None

    def SetParamEntityParsing(self, flag, /):
        """Controls parsing of parameter entities (including the external DTD subset)."""
        if self._started:
            return 0
        self._parsing = flag
        return 1

    def UseForeignDTD(self, flag=True, /):
        """Allows the application to provide an artificial external subset if one is not specified."""
        if self._started:
            self._error = CODES["CANT_CHANGE_FEATURE_ONCE_PARSING"]
            raise self._exception()
        self._foreign = bool(flag)

    def GetReparseDeferralEnabled(self, /):
        """Whether Expat's reparse deferral is in use: nothing is parsed twice here."""
        return False

    def SetReparseDeferralEnabled(self, enabled, /):
        """Does nothing: events come as soon as their text is complete."""

    def ExternalEntityParserCreate(self, context, encoding=None, /):
        """Create a parser for an external entity, from what ExternalEntityRefHandler was given."""
        if context is not None and not isinstance(context, str):
            raise TypeError(
                f"ExternalEntityParserCreate() argument 1 must be str or None, not {type(context).__name__}"
            )
        child = object.__new__(type(self))
        child._begin(encoding, self._separator, self.intern)
        for name in COPIED:
            setattr(child, name, getattr(self, name))
        if context is None:
            child._parameter = child._subset_open = True
            child._machine = child._subset()
            next(child._machine)
        else:
            child._fragment, child._state = True, "_begin_fragment"
            child._bindings = {b"xml": XML}
            for part in context.split("\f"):
                prefix, equals, uri = part.partition("=")
                if equals:
                    child._bindings[prefix.encode()] = uri
        return child

    buffer_text = property(lambda self: self._buffer_text)
    buffer_size = property(lambda self: self._buffer_size)
    buffer_used = property(lambda self: self._used)
    ordered_attributes, specified_attributes = switch("_ordered"), switch("_specified")
    namespace_prefixes = switch("_triplets")
    ErrorCode = property(lambda self: self._error)
    ErrorLineNumber = CurrentLineNumber = property(lambda self: self._place()[0])
    ErrorColumnNumber = CurrentColumnNumber = property(lambda self: self._place()[1])
    ErrorByteIndex = CurrentByteIndex = property(lambda self: self._place()[2])
    CharacterDataHandler = property(lambda self: self._text_handler)
    DefaultHandler = property(lambda self: self._default_plain)
    DefaultHandlerExpand = property(lambda self: self._default_expand)

    @buffer_text.setter
    def buffer_text(self, value):
        if not value and self._chunks:
            self._flush()
        self._buffer_text = bool(value)

    @buffer_size.setter
    def buffer_size(self, value):
        if not isinstance(value, int):
            raise TypeError("buffer_size must be an integer")
        if value <= 0:
            raise ValueError("buffer_size must be greater than zero")
        if value > 0x7FFFFFFF:
            raise ValueError("buffer_size must not be greater than 2147483647")
        if value != self._buffer_size and self._chunks:
            self._flush()
        self._buffer_size = int(value)

    @CharacterDataHandler.setter
    def CharacterDataHandler(self, handler):
        if self._chunks:
            self._flush()
        self._text_handler = handler

    @DefaultHandler.setter
    def DefaultHandler(self, handler):
        self._default = self._default_plain = handler
        self._expand = False

    @DefaultHandlerExpand.setter
    def DefaultHandlerExpand(self, handler):
        self._default = self._default_expand = handler
        self._expand = True

    # Errors and positions.

    def _abort(self):
        """A handler raised something: there will be no more events."""
        for name in HANDLERS:
            setattr(self, name, None)
        self._text_handler = self._default = self._default_plain = self._default_expand = self._machine = None
        self._chunks, self._used, self._finished, self._document.event = [], 0, True, self._document.pos
        self._error = self._error or CODES["ABORTED"]

    def _exception(self):
        line, column, _ = self._place()
        error = ExpatError(f"{ErrorString(self._error)}: line {line}, column {column}")
        error.code, error.offset, error.lineno = self._error, column, line
        return error

    def _place(self):
        """Line, column and byte of the current event."""
        self._advance(self._document.event)
        return self._line, self._column, self._byte if self._byte or self._document.text else -1

    def _advance(self, offset):
        """Counts from the last place asked for to this one."""
        if offset <= self._mark:
            return
        part = self._document.text[self._mark:offset]
        self._mark = offset
        codec = self._codec or "utf-8"
        if codec == "utf-8":
            self._byte += len(part)
        else:
            self._byte += len(part.decode().encode(codec)) if codec.startswith("utf-16") else width(part)
        if b"\r" in part:
            part = part.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = part.count(b"\n")
        if lines:
            self._line += lines
            self._column, part = 0, part[part.rfind(b"\n") + 1:]
        self._column += width(part)

    def _call(self, name, *args):
        """Calls a handler, if it is set."""
        handler = getattr(self, name)
        if handler is not None:
            if self._chunks:
                self._flush()
            return handler(*args)

    # Input: from bytes of some encoding to UTF-8.

    def _accept(self, data, final):
        """Takes in data; false if that completes nothing."""
        dtd, document = self._dtd, self._document
        if self._fragment or self._parameter:
            dtd.account(len(data))
            dtd.read = dtd.read or self._parameter and self._codec is None
        else:
            dtd.direct += len(data)
        document.final = final
        if self._codec is None:
            data = self._raw = self._raw + data
            if not self._detect(final):
                return False
            data, self._raw = self._raw, b""
        data = b"" if self._broken else self._decode(data, final)
        if self._pending:
            self._pending.append(data)
            self._held += len(data)
            complete = self._completes(data)
            if not (complete or final or self._broken or self._held >= self._retry or self._held < ALWAYS_TRIED):
                return False
            document.text, self._pending = b"".join(self._pending), []
        else:
            self._advance(document.pos)
            document.text = document.text[document.pos:] + data
            document.pos = document.event = self._mark = 0
        return True

    def _detect(self, final):
        """Settles the encoding by the first bytes and the XML declaration; false if more of them are needed."""
        raw, codec, skip = self._raw, None, 0
        protocol = None if self._protocol is None else self._known_codec(self._protocol)
        for mark, name in BOMS if protocol is None or self._protocol.upper() in NATIVE else ():
            if raw.startswith(mark):
                codec, skip = name, len(mark)
                break
            if not final and mark.startswith(raw):
                return False
        raw = raw[skip:]
        if codec is None and protocol is not None and self._protocol.upper() not in NATIVE:
            codec = protocol
        elif codec is None:
            if raw in (b"<", b"\0") and not final:
                return False
            if raw[:2] == b"<\0":
                codec = "utf-16-le"
            elif raw[:1] == b"\0" and len(raw) > 1:
                codec = "utf-16-be"
            else:
                codec = "utf-16-be" if protocol == "utf-16" else protocol
        if protocol is None and codec in (None, "utf-8"):
            declared = raw[:5] == b"<?xml" and raw[5:6].isspace()
            end = raw.find(b"?>") + 2 if declared else 0
            if not final and (b"<?xml".startswith(raw) or declared and end < 2 and len(raw) < 4096):
                return False
            codec = "utf-8"
            if end > 1:
                try:
                    name = declaration(raw[:end], self._fragment or self._parameter)[1] or "utf-8"
                    name = self._known_codec(name)
                    codec = codec if name.startswith("utf-16") else name
                except Exception:
                    self._error = 0
        self._codec, self._native, self._raw = codec, codec == "utf-8", raw
        if skip:
            self._byte, self._column = skip, 1
        return True

    def _known_codec(self, name):
        codec = NATIVE.get(name.upper())
        if codec is None:
            codec = name
            try:
                self._table = single_byte(name)
            except Fault:
                raise
            except Exception:
                self._error = CODES["UNKNOWN_ENCODING"]
                raise
        return codec

    def _decode(self, data, final):
        """UTF-8 of these bytes; an incomplete character waits for the next ones."""
        codec, end = self._codec, b""
        if self._tail:
            data, self._tail = self._tail + data, b""
        if codec == "utf-8":
            if not data.isascii():
                for back in range(1, min(4, len(data) + 1)):
                    lead = data[-back]
                    if lead >= 0xC0:
                        if lead < 0xF5 and back < 2 + (lead >= 0xE0) + (lead >= 0xF0):
                            data, self._tail = data[:-back], data[-back:]
                        break
                    if lead < 0x80:
                        break
                try:
                    data.decode()
                except UnicodeDecodeError as error:
                    data, end = data[:error.start], INVALID
        elif codec.startswith("utf-16"):
            cut = len(data) % 2
            high = data[len(data) - cut - (1 if codec == "utf-16-le" else 2):][:1]
            if len(data) > 1 and 0xD8 <= high[0] < 0xDC:
                cut += 2
            if cut:
                data, self._tail = data[:-cut], data[-cut:]
            try:
                data = data.decode(codec).encode()
            except UnicodeDecodeError as error:
                data, end = data[:error.start].decode(codec).encode(), INVALID
        else:
            text = data.decode("latin-1")
            if codec == "ascii":
                text = data.decode("ascii", "replace")
            elif codec != "latin-1":
                text = text.translate(self._table)
            wrong = text.find("\ufffd")
            if wrong >= 0:
                text, end = text[:wrong], INVALID
            data = text.encode()
        if len(data.translate(None, CONTROLS)) != len(data) or b"\xef\xbf" in data:
            match = NO_CHARACTER.search(data)
            if match:
                data, end = data[:match.start()], INVALID
        if final and self._tail and not end:
            end = HALF_UNIT if not self._native and len(self._tail) == 1 else CUT_OFF
        if end:
            self._broken = True
            return data + end
        return data

    def _completes(self, data):
        """Whether this may complete the unfinished token: every byte is looked at once.

        What completes it is `_want`; anything may if that is None, and nobody knows if it is empty.
        """
        want = self._want
        if not want:
            return want is None or self._held < 4096
        if want != b">":
            probe = self._overlap + data
            self._overlap = probe[-1:]
            return want in probe
        at = 0
        while True:
            if self._quote:
                at = data.find(self._quote, at)
                if at < 0:
                    return False
                at, self._quote = at + 1, b""
            match = TAG_STOP(data, at)
            if match is None:
                return False
            if match[0] == b">":
                return True
            self._quote, at = match[0], match.end()

    def _short(self, source, pos, code="UNCLOSED_TOKEN"):
        """The text ends within the token that begins here."""
        text = source.text
        source.event = source.pos = pos
        if source is self._document and self._broken:
            if text.endswith(INVALID):
                raise Fault("INVALID_TOKEN", len(text) - 1)
            raise Fault("PARTIAL_CHAR" if text.endswith(CUT_OFF) else "UNCLOSED_TOKEN", pos)
        if source.final:
            raise Fault(code, pos)
        rest = text[pos:]
        self._want = self._quote = self._overlap = b""
        if rest.startswith(b"<!--"):
            self._want = b"--"
        elif rest.startswith(b"<?"):
            self._want = b"?>"
        elif rest.startswith(b"&"):
            self._want = b";"
        elif rest.startswith(b"<") and self._state == "_content" and rest[1:2] not in (b"", b"!"):
            self._want = b">"
        elif rest[:1] in (b'"', b"'"):
            self._want = rest[:1]
        self._pending, self._held, self._retry = [rest], len(rest), max(1024, 2 * len(rest))
        if self._want == b"--":
            self._overlap, self._want = rest[4:][-1:], None if b"--" in rest[4:] else b"--"
        elif self._want and self._completes(rest[1:]):
            self._want = None
        self._advance(pos)
        source.text, source.pos, source.event, self._mark = rest, 0, 0, 0
        return False

    # Character data.

    def _flush(self):
        chunks, self._chunks, self._used = self._chunks, [], 0
        if self._text_handler is not None:
            self._text_handler("".join(chunks))

    def _pass(self, raw):
        """To the default handler."""
        if self._chunks:
            self._flush()
        if self._default is not None:
            self._default(raw.decode())

    def _characters(self, raw):
        if self._text_handler is None:
            if self._default is not None:
                self._pass(raw)
            return
        text = normalized(raw) if b"\r" in raw else raw.decode()
        size = len(raw)
        if self._buffer_text and self._used + size <= self._buffer_size:
            self._chunks.append(text)
            self._used += size
            return
        for piece in PIECES(text):
            if not self._native and len(piece) > 1024:
                for start in range(0, len(piece), 1024):
                    self._piece(piece[start:start + 1024])
            else:
                self._piece(piece)

    def _piece(self, text):
        if self._buffer_text:
            size = len(text) if text.isascii() else len(text.encode())
            if self._used + size > self._buffer_size and self._chunks:
                self._flush()
            if size <= self._buffer_size:
                self._chunks.append(text)
                self._used += size
                return
        if self._text_handler is not None:
            self._text_handler(text)

    # Content.

    def _begin_fragment(self):
        """An external entity may begin with a text declaration."""
        text = self._source.text
        if not self._source.final and b"<?xml".startswith(text):
            return False
        self._state = "_content"
        if text[:5] == b"<?xml" and text[5:6].isspace():
            end = text.find(b"?>") + 2
            if end < 2:
                self._state = "_begin_fragment"
                return self._short(self._source, 0)
            self._source.pos = end
            self._declaration(text[:end])
        return True

    def _content(self):
        source, tags, names, bindings = self._source, self._tags, self._names, self._separator is not None
        text, pos, declared = source.text, source.pos, self._dtd.attributes
        find, match = text.find, TAG
        while True:
            start = find(b"<", pos)
            if start != pos:
                end = start if start >= 0 else len(text)
                piece = text[pos:end]
                if start < 0 or b"&" in piece or b"]]>" in piece:
                    if not self._text(source, pos, end, start < 0):
                        return False
                    if self._source is not source:
                        return True
                    if start < 0:
                        return self._content_end(source)
                else:
                    source.event, source.pos = pos, start
                    self._characters(piece)
                pos = start
            found = match(text, pos)
            if found is None:
                if not self._markup(source, pos):
                    return False
                if self._state != "_content":
                    return True
                pos = source.pos
                continue
            source.event = pos
            source.pos = pos = found.end()
            closed, raw, attributes, empty = found.groups()
            if closed is not None:
                if len(tags) == source.level:
                    raise Fault("ASYNC_ENTITY")
                raw, name, bound = tags[-1]
                if closed != raw:
                    self._name_end(text, source.event + 2, 2)
                    raise Fault("TAG_MISMATCH", source.event + 2)
                tags.pop()
                last = not tags and not self._fragment
                if last:
                    self._state = "_prolog"
                if bound:
                    self._unbind(bound)
                handler = self.EndElementHandler
                if handler is not None:
                    if self._chunks:
                        self._flush()
                    handler(name)
                elif self._default is not None:
                    self._pass(text[source.event:pos])
                if bound:
                    self._end_namespaces(bound)
                if last:
                    return True
                continue
            name = names.get(raw)
            if name is None:
                name = self._new_name(raw, text, source.event)
            bound = None
            if attributes or bindings or raw in declared:
                try:
                    name, values, bound = self._attributes(source, raw, name, attributes, found.start(3))
                except Fault:
                    if empty:
                        self._end_namespaces(self._opened or ())
                    raise
            else:
                values = [] if self._ordered else {}
            last = False
            if not empty:
                tags.append((raw, name, bound))
            elif not tags and not self._fragment:
                self._state, last = "_prolog", True
            if empty and bound:
                self._unbind(bound)
            handler = self.StartElementHandler
            if handler is not None:
                if self._chunks:
                    self._flush()
                handler(name, values)
            if empty:
                started, handler = handler, self.EndElementHandler
                if handler is not None:
                    if started is not None:
                        source.event = pos
                    if self._chunks:
                        self._flush()
                    handler(name)
                elif started is None and self._default is not None:
                    self._pass(text[source.event:pos])
                if bound:
                    self._end_namespaces(bound)
                if last:
                    return True
            elif handler is None and self._default is not None:
                self._pass(text[source.event:pos])

    def _content_end(self, source):
        tags, source.event = self._tags, source.pos
        if source.entity is None:
            if not source.final:
                return False
            if not self._fragment:
                raise Fault("NO_ELEMENTS")
        if len(tags) != source.level:
            raise Fault("ASYNC_ENTITY")
        return source.entity is not None and self._leave()

    def _leave(self):
        self._source.entity.open = False
        self._source = self._sources.pop()
        return True

    def _enter(self, entity, between=True):
        """Reads on in what an entity stands for."""
        self._dtd.account(len(entity.text))
        entity.open = True
        self._sources.append(self._source)
        self._source = Source(entity.text, True, entity, len(self._tags), between)

    def _text(self, source, pos, end, last):
        """Text with references; true if what comes next can be read, in this source or in another one."""
        text = source.text
        while pos < end:
            ampersand = text.find(b"&", pos, end)
            stop = end if ampersand < 0 else ampersand
            source.event = source.pos = pos
            if pos < stop:
                wrong = text.find(b"]]>", pos, stop)
                if wrong >= 0:
                    line = max(text.rfind(b"\n", pos, wrong), text.rfind(b"\r", pos, wrong)) + 1
                    if line:
                        self._characters(text[pos:line])
                    raise Fault("INVALID_TOKEN", wrong + 2)
                keep = stop
                if last and stop == end:
                    if source is self._document and self._broken:
                        keep -= 1
                    elif not source.final:
                        for held in (b"\r", b"]]", b"]"):
                            if text.endswith(held, pos):
                                keep -= len(held)
                                break
                if keep > pos:
                    source.pos = keep
                    self._characters(text[pos:keep])
                if keep < stop:
                    source.pos = keep
                    return self._broken and self._short(source, keep)
                pos = stop
                continue
            found = REFERENCE(text, pos)
            try:
                if found is None or self._separator is not None and b":" in found[0]:
                    self._reference_end(text, pos)
            except Unfinished:
                return self._short(source, pos)
            source.pos = pos = found.end()
            number, name = found.groups()
            if number is not None:
                value = character(number).decode()
            elif name in PREDEFINED:
                value = PREDEFINED[name]
            else:
                if name not in self._names and valid_length(name) < len(name):
                    self._reference_end(text, source.event)
                if self._entity(source, name, found[0]):
                    return True
                continue
            if self._text_handler is not None:
                if self._buffer_text:
                    self._piece(value)
                else:
                    self._text_handler(value)
            elif self._default is not None:
                self._pass(found[0])
        return True

    def _entity(self, source, name, token):
        """A reference in content to an entity that is not predefined; true if its text is next."""
        dtd, entity = self._dtd, self._dtd.entities.get(name)
        if not dtd.references or dtd.standalone:
            if entity is None:
                raise Fault("UNDEFINED_ENTITY")
            if not entity.internal:
                raise Fault("ENTITY_DECLARED_IN_PE")
        elif entity is None:
            self._skipped(name, token)
            return False
        if entity.open:
            raise Fault("RECURSIVE_ENTITY_REF")
        if entity.notation is not None:
            raise Fault("BINARY_ENTITY_REF")
        if entity.text is not None:
            if not self._expand:
                self._skipped(name, token)
            elif b"<" in entity.text or b"&" in entity.text or b"]]>" in entity.text or not entity.text:
                self._enter(entity)
                return True
            else:
                dtd.account(len(entity.text))
                self._characters(entity.text)
        elif self.ExternalEntityRefHandler is not None:
            entity.open = True
            self._external(entity, self._context())
            entity.open = False
        elif self._default is not None:
            self._pass(token)
        return False

    def _skipped(self, name, token):
        if self.SkippedEntityHandler is not None:
            self._call("SkippedEntityHandler", name.decode(), 0)
        elif self._default is not None:
            self._pass(token)

    def _external(self, entity, context):
        if not self._call("ExternalEntityRefHandler", context, entity.base, entity.system, entity.public):
            raise Fault("EXTERNAL_ENTITY_HANDLING")

    def _context(self):
        """What a parser of an external entity has to know: prefixes and the entities it is within."""
        parts = [f"{prefix.decode()}={uri}" for prefix, uri in self._bindings.items() if uri and prefix != b"xml"]
        if self._separator is not None:
            parts.append("xml=" + XML)
        return "\f".join(parts + [entity.name for entity in self._dtd.entities.values() if entity.open])

    def _markup(self, source, pos):
        """What is neither a start tag nor an end tag, or is wrong; false if its end is missing."""
        text = source.text
        second = text[pos + 1:pos + 2]
        try:
            if second == b"?":
                end, xml = self._instruction_end(text, pos)
                if xml:
                    source.event = pos
                    raise Fault("MISPLACED_XML_PI")
            elif second != b"!":
                if second == b"/":
                    unexpected(text, SPACE(text, self._name_end(text, pos + 2, 2)).end())
                self._scan_tag(text, pos)
                raise Fault("INVALID_TOKEN", pos)
            elif text[pos + 2:pos + 3] == b"-":
                end = comment_end(text, pos)
            elif text[pos + 2:pos + 3] == b"[":
                end = pos + 9
                if len(text) < end and not text.endswith(INVALID):
                    raise Unfinished
                for at in range(pos + 3, end):
                    if text[at] != CDATA[at - pos]:
                        raise Fault("INVALID_TOKEN", at)
            else:
                unexpected(text, pos + 2)
        except Unfinished:
            return self._short(source, pos)
        source.event, source.pos = pos, end
        if text[pos + 2:pos + 3] != b"[":
            self._report(text[pos:end])
            return True
        self._state = "_cdata"
        if self.StartCdataSectionHandler is not None:
            self._call("StartCdataSectionHandler")
        elif self._default is not None:
            self._pass(text[pos:end])
        return True

    def _report(self, token):
        """A comment or processing instruction."""
        if token[1:2] == b"!":
            if self.CommentHandler is not None:
                self._call("CommentHandler", normalized(token[4:-3]))
                return
        elif self.ProcessingInstructionHandler is not None:
            target = NAME(token, 2)
            data = token[SPACE(token, target.end()).end():-2]
            self._call("ProcessingInstructionHandler", target[0].decode(), normalized(data))
            return
        if self._default is not None:
            self._pass(token)

    def _cdata(self):
        source = self._source
        text, pos = source.text, source.pos
        end = text.find(b"]]>", pos)
        stop = end
        if end < 0:
            stop = len(text)
            if source is self._document and self._broken:
                stop -= 1
            else:
                for held in (b"\r", b"]]", b"]"):
                    if text.endswith(held, pos):
                        stop -= len(held)
                        break
        if stop > pos:
            source.event, source.pos = pos, stop
            self._characters(text[pos:stop])
        if end < 0:
            if source.final or self._broken:
                return self._short(source, stop, "UNCLOSED_CDATA_SECTION")
            return False
        source.event, source.pos, self._state = end, end + 3, "_content"
        if self.EndCdataSectionHandler is not None:
            self._call("EndCdataSectionHandler")
        elif self._default is not None:
            self._pass(b"]]>")
        return True

    # What is wrong with a token, or where it ends.

    def _name_end(self, text, at, colons=1):
        """The end of the name there; with namespaces it has at most so many colons, within it (any for 2)."""
        found = NAME(text, at)
        if found is None:
            unexpected(text, at)
        name, end = found[0], found.end()
        valid = valid_length(name)
        if self._separator is not None and b":" in name:
            colon = name.find(b":")
            if valid > colon and (colons < 2 or not colon):
                if not colon or not colons:
                    raise Fault("INVALID_TOKEN", at + colon)
                rest = NAME(name, colon + 1)
                if colon + 1 == len(name):
                    unexpected(text, end)
                if rest is None or rest[0][:1] == b":" or not valid_length(rest[0]):
                    raise Fault("INVALID_TOKEN", at + colon + 1)
                second = name.find(b":", colon + 1)
                if 0 <= second < valid:
                    raise Fault("INVALID_TOKEN", at + second)
        if valid < len(name):
            raise Fault("INVALID_TOKEN", at + valid)
        return end

    def _new_name(self, raw, text, tag):
        """The name of an element or attribute as a string, remembered; `tag` is where the tag begins."""
        try:
            self._name_end(raw + b">", 0)
        except Fault:
            self._scan_tag(text, tag)
            raise
        name = raw.decode()
        if self.intern is not None:
            name = self.intern.setdefault(name, name)
        self._names[raw] = name
        return name

    def _scan_tag(self, text, at):
        """Finds what is wrong with a start tag."""
        at = self._name_end(text, at + 1)
        while True:
            start = SPACE(text, at).end()
            first = text[start:start + 1]
            if first == b">":
                return
            if first == b"/":
                if text[start + 1:start + 2] != b">":
                    unexpected(text, start + 1)
                return
            if start == at:
                unexpected(text, at)
            at = SPACE(text, self._name_end(text, start)).end()
            if text[at:at + 1] != b"=":
                unexpected(text, at)
            at = SPACE(text, at + 1).end()
            quote = text[at:at + 1]
            if quote not in (b'"', b"'"):
                unexpected(text, at)
            at += 1
            while True:
                stop = VALUE_STOP(text, at)
                if stop is None:
                    raise Unfinished
                at = stop.end()
                if stop[0] == quote:
                    break
                if stop[0] == b"&":
                    at = self._reference_end(text, at - 1)
                elif stop[0] not in (b'"', b"'"):
                    unexpected(text, at - 1)

    def _reference_end(self, text, at):
        start = at + 1
        if text[start:start + 1] == b"#":
            if text[start + 1:start + 2] == b"x":
                end = HEXADECIMAL(text, start + 2).end()
                empty = end == start + 2
            else:
                end = DECIMAL(text, start + 1).end()
                empty = end == start + 1
        else:
            end, empty = self._name_end(text, start, 0), False
        if empty or text[end:end + 1] != b";":
            if empty and text[end:end + 1] == b";":
                raise Fault("INVALID_TOKEN", end)
            unexpected(text, end)
        return end + 1

    def _instruction_end(self, text, at):
        """The end of a processing instruction, and whether it is an XML declaration."""
        end = self._name_end(text, at + 2, 0)
        if end == len(text) or text[end:end + 1] in (CUT_OFF, HALF_UNIT):
            raise Unfinished
        target = text[at + 2:end]
        xml = target == b"xml"
        question = text[end:end + 1] == b"?"
        if target.lower() == b"xml" and not xml or not question and not text[end:end + 1].isspace():
            raise Fault("INVALID_TOKEN", end)
        if question:
            if text[end + 1:end + 2] != b">":
                unexpected(text, end + 1)
            return end + 2, xml
        end = text.find(b"?>", end + 1)
        if end < 0:
            raise Unfinished
        return end + 2, xml

    # Attributes and namespaces.

    def _attributes(self, source, raw, name, attributes, start):
        """An element's name, its attributes as its handler gets them, and what its namespace declarations hide."""
        pairs = ATTRIBUTES.findall(attributes) if attributes else ()
        names, separator, declared = self._names, self._separator, self._dtd.attributes.get(raw)
        if b"&" in attributes:
            if NO_REFERENCE(attributes):
                self._scan_tag(source.text, source.event)
            special = True
        else:
            special = b"\n" in attributes or b"\t" in attributes or b"\r" in attributes
        found, bound, prefixed, self._opened = {}, None, False, None
        for key, _ in pairs:
            if key not in names:
                self._new_name(key, source.text, source.event)
        for number, (key, value) in enumerate(pairs):
            attribute = names[key]
            if attribute in found:
                raise Fault("DUPLICATE_ATTRIBUTE", start + self._nth(attributes, number).start(1))
            value = value[1:-1]
            tokenized = declared is not None and key in declared and not declared[key][0]
            if special or tokenized:
                try:
                    value = self._value(value, tokenized, not self._dtd.references or self._dtd.standalone)
                except Fault as fault:
                    if fault.at is not None:
                        fault.at += start + self._nth(attributes, number).start(2) + 1
                    raise
            found[attribute] = value = value.decode()
            if separator is not None and b":" in key or key == b"xmlns":
                prefixed = True
                if separator is not None and (key == b"xmlns" or key.startswith(b"xmlns:")):
                    bound = self._bind(key[6:], value, bound)
        specified = len(found)
        if declared is not None:
            for key, (_, value) in declared.items():
                attribute = names.get(key) or self._new_name(key, b"", 0)
                if value is not None and attribute not in found:
                    found[attribute] = value
                    if separator is not None and b":" in key or key == b"xmlns":
                        prefixed = True
                        if separator is not None and (key == b"xmlns" or key.startswith(b"xmlns:")):
                            bound = self._bind(key[6:], value, bound)
        if separator is not None:
            if prefixed:
                found, specified = self._expanded(found, specified)
            qualified = self._qualified.get(raw)
            if qualified is None:
                qualified = self._qualified[raw] = self._qualify(name, self._bindings.get(b""))
            name = qualified
        if self._specified and specified < len(found):
            found = dict(list(found.items())[:specified])
        if self._ordered:
            return name, [part for pair in found.items() for part in pair], bound
        return name, found, bound

    def _nth(self, attributes, number):
        for match in ATTRIBUTES.finditer(attributes):
            if not number:
                return match
            number -= 1

    def _expanded(self, found, specified):
        """The attributes without namespace declarations, by their full names."""
        result, count = {}, 0
        for number, (name, value) in enumerate(found.items()):
            if name == "xmlns" or name.startswith("xmlns:"):
                continue
            name = self._qualify(name, None)
            if name in result:
                raise Fault("DUPLICATE_ATTRIBUTE")
            result[name] = value
            count += number < specified
        return result, count

    def _qualify(self, name, uri):
        """A name with its namespace; `uri` is that of a name without a prefix."""
        prefix, colon, local = name.partition(":")
        if colon:
            uri = self._bindings.get(prefix.encode())
            if not uri:
                raise Fault("UNBOUND_PREFIX")
        elif uri:
            local = name
        else:
            return name
        name = uri + self._separator + local
        if colon and self._triplets and self._separator:
            name += self._separator + prefix
        return name if self.intern is None else self.intern.setdefault(name, name)

    def _bind(self, prefix, uri, bound):
        """Declares a namespace; answers with the declarations of this element so far and what they hide."""
        if not uri and prefix:
            raise Fault("UNDECLARING_PREFIX")
        if prefix == b"xmlns":
            raise Fault("RESERVED_PREFIX_XMLNS")
        if prefix == b"xml" and uri != XML:
            raise Fault("RESERVED_PREFIX_XML")
        if prefix != b"xml" and uri in (XML, XMLNS):
            raise Fault("RESERVED_NAMESPACE_URI")
        if self._separator and self._separator in uri and not URI(self._separator):
            raise Fault("SYNTAX")
        self._opened = bound = bound or []
        bound.append((prefix, self._bindings.get(prefix)))
        self._bindings[prefix] = uri
        self._qualified = {}
        self._call("StartNamespaceDeclHandler", prefix.decode() or None, uri or None)
        return bound

    def _unbind(self, bound):
        self._qualified = {}
        for prefix, uri in reversed(bound):
            if uri is None:
                del self._bindings[prefix]
            else:
                self._bindings[prefix] = uri

    def _end_namespaces(self, bound):
        for prefix, _ in reversed(bound):
            self._call("EndNamespaceDeclHandler", prefix.decode() or None)

    def _value(self, raw, tokenized, check):
        """An attribute's value, its references resolved and its white space as its type asks."""
        entities, done, stack = self._dtd.entities, [], []
        text, pos, entity, opened = raw, 0, None, []
        try:
            while True:
                ampersand = text.find(b"&", pos)
                stop = len(text) if ampersand < 0 else ampersand
                less = text.find(b"<", pos, stop)
                if less >= 0:
                    raise Fault("INVALID_TOKEN", less)
                done.append(BLANK(b" ", text[pos:stop]))
                if ampersand < 0:
                    if entity is None:
                        break
                    entity.open = False
                    text, pos, entity = stack.pop()
                    continue
                match = REFERENCE(text, ampersand)
                if match is None or self._separator is not None and b":" in match[0]:
                    try:
                        self._reference_end(text, ampersand)
                    except Unfinished:
                        raise Fault("INVALID_TOKEN", ampersand) from None
                pos = match.end()
                number, name = match.groups()
                if number is not None:
                    done.append(character(number))
                    continue
                if name in PREDEFINED:
                    done.append(PREDEFINED[name].encode())
                    continue
                if name not in self._names and valid_length(name) < len(name):
                    self._reference_end(text, ampersand)
                inner = entities.get(name)
                if inner is None:
                    if check:
                        raise Fault("UNDEFINED_ENTITY")
                    continue
                if check and not inner.internal:
                    raise Fault("ENTITY_DECLARED_IN_PE")
                if inner.open:
                    raise Fault("RECURSIVE_ENTITY_REF", ampersand)
                if inner.notation is not None:
                    raise Fault("BINARY_ENTITY_REF", ampersand)
                if inner.text is None:
                    raise Fault("ATTRIBUTE_EXTERNAL_ENTITY_REF", ampersand)
                self._dtd.account(len(inner.text))
                if b"&" not in inner.text and b"<" not in inner.text:
                    done.append(BLANK(b" ", inner.text))
                    continue
                inner.open = True
                stack.append((text, pos, entity))
                text, pos, entity = inner.text, 0, inner
        except Fault as fault:
            if entity is not None:
                fault.at = None
            elif fault.code == CODES["BAD_CHAR_REF"]:
                fault.at = ampersand
            raise
        value = b"".join(done)
        return b" ".join(part for part in value.split(b" ") if part) if tokenized else value

    # Prolog and document type declaration.

    def _declaration(self, token):
        """An XML or text declaration, at the beginning of the current source."""
        general = self._fragment or self._parameter
        version, encoding, standalone, where = declaration(token, general)
        if standalone == 1:
            self._dtd.standalone = True
            if self._parsing == XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE:
                self._parsing = XML_PARAM_ENTITY_PARSING_NEVER
        if self.XmlDeclHandler is not None:
            self._call("XmlDeclHandler", version, encoding, standalone)
        elif self._default is not None:
            self._pass(token)
        if encoding is None or self._protocol is not None:
            return
        start, self._document.event = self._document.event, self._document.event + where
        codec = self._known_codec(encoding)
        wide = self._codec.startswith("utf-16")
        if codec.startswith("utf-16") != wide or wide and codec not in ("utf-16", self._codec):
            raise Fault("INCORRECT_ENCODING")
        self._document.event = start

    def _prolog(self):
        """What is before, between and after declarations, and after the document's element."""
        source = self._source
        text, pos = source.text, source.pos
        if self._fresh and self._machine is None:
            self._machine = self._doctype()
            next(self._machine)
        while True:
            source.event = source.pos = pos
            if pos == len(text):
                return self._prolog_end(source)
            found = PROLOG(text, pos)
            xml = False
            try:
                if found is not None:
                    kind, end = found.lastgroup, found.end()
                    if not source.final and self._machine is not None and (
                        end == len(text) and (kind in OPEN_ENDED or text.endswith((b"\r", b"]", b")")))
                        or end + 1 == len(text) and text.endswith(b"]]")
                    ):
                        raise Unfinished
                elif text.startswith(b"<!-", pos):
                    kind, end = "comment", comment_end(text, pos)
                elif text.startswith(b"<?", pos):
                    end, xml = self._instruction_end(text, pos)
                    kind = "comment"
                elif text.startswith(b"<![", pos):
                    kind, end = "conditional", pos + 3
                else:
                    self._diagnose(text, pos)
            except Unfinished:
                return self._short(source, pos)
            fresh, self._fresh = self._fresh, False
            token = text[pos:end]
            source.pos = pos = end
            if self._machine is None:
                if kind == "comment" and not xml:
                    self._report(token)
                elif kind != "space":
                    raise Fault("JUNK_AFTER_DOC_ELEMENT")
                elif self._default is not None:
                    self._pass(token)
                continue
            decl = self._decl
            if kind == "space":
                if self._default is not None and not self._muted(decl):
                    self._pass(token)
                continue
            if kind == "comment":
                if xml and not (fresh and source.entity is None):
                    raise Fault("MISPLACED_XML_PI")
                if xml:
                    self._declaration(token)
                elif decl is not None:
                    raise Fault("SYNTAX")
                else:
                    self._report(token)
                continue
            if kind == "instance":
                if decl is not None or self._subset_open:
                    raise Fault("SYNTAX")
                source.pos = source.event
                if self._foreign:
                    self._foreign_subset(None, None)
                self._machine, self._state = None, "_content"
                return True
            if kind in NAMES and (self._separator is not None and b":" in token or not token.isascii()):
                kind = self._kind(text, source.event, kind, token)
            self._handled = False
            if kind == "reference":
                if self._parameter_entity(token, decl):
                    return True
            else:
                self._machine.send((kind, token))
            if self._default is not None and not self._handled:
                if self._handled is None or not self._muted(decl or self._decl):
                    self._pass(token)
            if self._state != "_prolog":
                return True

    def _muted(self, decl):
        """Whether the tokens of this declaration are kept from the default handler."""
        return decl and getattr(self, decl) is not None and (
            self._dtd.keep or decl not in ("EntityDeclHandler", "AttlistDeclHandler")
        )

    def _prolog_end(self, source):
        if source.entity is not None:
            if source.between and self._decl is not None:
                raise Fault("INCOMPLETE_PE")
            return self._leave()
        if source.final and self._machine is not None:
            if not self._parameter:
                raise Fault("NO_ELEMENTS")
            if self._decl is not None or self._includes:
                raise Fault("INCOMPLETE_PE")
        return False

    def _kind(self, text, at, kind, token):
        """Looks closer at a name beyond ASCII or with a colon."""
        if kind == "declare":
            raise Fault("INVALID_TOKEN", at + token.find(b":"))
        skip = int(kind in ("pound", "reference"))
        name = token[skip:].rstrip(b"*?+;")
        if not skip and not name.isascii():
            if valid_length(name) < len(name):
                wrong = valid_length(b"a" + name) - 1
                if wrong < len(name):
                    if not wrong and kind != "token" and not valid_length(name):
                        unexpected(text, at)
                    raise Fault("INVALID_TOKEN", at + wrong)
                kind = "token"
        if self._separator is None or b":" not in name:
            if skip:
                self._name_end(text, at + 1)
            return kind
        if skip:
            self._name_end(text, at + 1, 0)
        if kind in ("name", "repeated"):
            prefix, _, local = name.partition(b":")
            kind = ("prefixed" if kind == "name" else kind) if prefix and local and b":" not in local else "token"
            if kind == "token" and token != name:
                raise Fault("INVALID_TOKEN", at + len(name))
        return kind

    def _diagnose(self, text, at):
        """Raises what is wrong with the text there."""
        first = text[at:at + 1]
        if first == b"<":
            if text[at + 1:at + 2] == b"!":
                end = NAME_LETTERS(text, at + 2).end()
                unexpected(text, end + (text[end:end + 1] == b"%" and end + 1 == len(text)))
            unexpected(text, at + 1)
        elif first in (b'"', b"'"):
            end = text.find(first, at + 1)
            if end < 0:
                raise Unfinished
            unexpected(text, end + 1)
        elif first == b"%":
            unexpected(text, self._name_end(text, at + 1, 0))
        elif first == b")":
            unexpected(text, at + 1)
        elif first == b"#":
            unexpected(text, self._name_end(text, at + 1, 0))
        else:
            end = NAME_TOKEN(text, at).end()
            token = text[at:end]
            valid = valid_length(b"a" + token) - 1
            unexpected(text, at + valid if valid < len(token) else end)

    def _doctype(self):
        """Is sent the tokens of the prolog; the declaration of the document's type is the only one in it."""
        kind, token = yield
        if token != b"<!DOCTYPE":
            raise Fault("SYNTAX")
        dtd, self._decl = self._dtd, "StartDoctypeDeclHandler"
        name = need((yield), "name", "prefixed")
        system = public = None
        kind, token = yield
        if kind == "name":
            public, system = yield from self._identifiers(token)
            dtd.references, self._foreign = True, False
            if not dtd.standalone and not self._parsing:
                self._not_standalone()
            kind, token = yield
        subset = token == b"["
        if not subset and token != b">":
            raise Fault("SYNTAX")
        self._call("StartDoctypeDeclHandler", name, system, public, int(subset))
        if subset:
            self._decl, self._subset_open = None, True
            yield from self._subset()
            self._decl, self._subset_open = "StartDoctypeDeclHandler", False
            need((yield), b">")
            self._handled = None
        if system is not None or self._foreign:
            self._foreign_subset(system, public)
        if self.EndDoctypeDeclHandler is not None:
            self._handled = True
            self._call("EndDoctypeDeclHandler")
        self._decl = None
        yield
        raise Fault("SYNTAX")

    def _foreign_subset(self, system, public):
        dtd, before = self._dtd, self._dtd.references
        dtd.references, self._foreign = True, False
        if self._parsing and self.ExternalEntityRefHandler is not None:
            dtd.read = False
            self._external(Entity(None, None, self._base, system, public, None, True), None)
            if dtd.read:
                if not dtd.standalone:
                    self._not_standalone()
            elif system is None:
                dtd.references = before

    def _not_standalone(self):
        if self.NotStandaloneHandler is not None and not self._call("NotStandaloneHandler"):
            raise Fault("NOT_STANDALONE")

    def _identifiers(self, token, optional=False, shown=False):
        """Public and system identifier after the word for the first of them; `shown` to the default handler too."""
        public = None
        if token == b"PUBLIC":
            literal = need((yield), "literal").encode()
            if shown:
                self._handled = None
            wrong = NO_PUBLIC_ID(literal, 1, len(literal) - 1)
            if wrong:
                raise Fault("PUBLICID", self._source.event + wrong.start())
            public = " ".join(literal[1:-1].decode().split())
        elif token != b"SYSTEM":
            raise Fault("SYNTAX")
        if optional and public is not None:
            kind, token = yield
            if kind != "literal":
                return public, (kind, token)
            return public, token[1:-1].decode()
        system = need((yield), "literal")[1:-1]
        if shown:
            self._handled = None
        return public, system

    def _subset(self):
        """Is sent the tokens of the internal subset, up to its end, or of an external one."""
        rules = {
            b"<!ENTITY": ("EntityDeclHandler", self._entity_rule),
            b"<!ATTLIST": ("AttlistDeclHandler", self._attlist_rule),
            b"<!ELEMENT": ("ElementDeclHandler", self._element_rule),
            b"<!NOTATION": ("NotationDeclHandler", self._notation_rule),
        }
        while True:
            kind, token = yield
            if kind == "declare" and token in rules:
                self._decl, rule = rules[token]
                yield from rule()
                self._decl = None
            elif token == b"]" and not self._parameter:
                return
            elif kind == "conditional" and self._parameter:
                self._decl = ""
                word = need((yield), "name")
                need((yield), b"[")
                if word == "INCLUDE":
                    self._includes += 1
                elif word == "IGNORE":
                    self._ignored, self._state = 1, "_ignore"
                else:
                    raise Fault("SYNTAX")
                self._decl = None
            elif kind == "closed" and self._includes:
                self._includes -= 1
            else:
                raise Fault("SYNTAX")

    def _ignore(self):
        source = self._source
        while True:
            found = CONDITIONAL(source.text, source.pos)
            if found is None:
                if source.final or self._broken:
                    return self._short(source, source.pos, "SYNTAX")
                end = max(source.pos, len(source.text) - 2)
            else:
                end = found.end()
            token, source.pos = source.text[source.pos:end], end
            if self._default is not None:
                self._pass(token)
            if found is None:
                return False
            self._ignored += 1 if found[0] == b"<![" else -1
            if not self._ignored:
                self._state = "_prolog"
                return True

    def _parameter_entity(self, token, decl):
        """A reference to a parameter entity; true if its text is next."""
        dtd = self._dtd
        if not self._subset_open or decl is not None and not self._parameter:
            raise Fault("PARAM_ENTITY_REF")
        dtd.references = True
        if not self._parsing:
            dtd.keep = dtd.standalone
        else:
            entity = dtd.parameters.get(token[1:-1])
            if not self._parameter and dtd.standalone and self._source.entity is None:
                if entity is None:
                    raise Fault("UNDEFINED_ENTITY")
                if not entity.internal:
                    raise Fault("ENTITY_DECLARED_IN_PE")
            elif entity is None:
                dtd.keep = dtd.standalone
                if decl is None and self.SkippedEntityHandler is not None:
                    self._handled = True
                    self._call("SkippedEntityHandler", token[1:-1].decode(), 1)
                return False
            if entity.open:
                raise Fault("RECURSIVE_ENTITY_REF")
            if entity.text is not None:
                self._enter(entity, decl is None)
                return True
            if not self._read_external(entity):
                return False
        if not dtd.standalone:
            self._not_standalone()
        return False

    def _read_external(self, entity):
        """Whether a program has read an external parameter entity."""
        dtd = self._dtd
        if self.ExternalEntityRefHandler is None:
            dtd.keep = dtd.standalone
            return False
        dtd.read, entity.open, self._handled = False, True, True
        self._external(entity, None)
        entity.open = False
        if not dtd.read:
            dtd.keep = dtd.standalone
        return dtd.read

    def _entity_rule(self):
        dtd, kind = self._dtd, "EntityDeclHandler"
        token = yield
        parameter = token[0] == "percent"
        if parameter:
            token = yield
        name = need(token, "name")
        table, key = (dtd.parameters, name.encode()) if parameter else (dtd.entities, name.encode())
        new = dtd.keep and key not in table and (parameter or key not in PREDEFINED)
        internal = not self._parameter and self._source.entity is None
        if not new:
            self._handled = None
        known, token = yield
        if known == "literal":
            if not new:
                self._handled = None
            text = self._entity_value(token[1:-1]) if dtd.keep else None
            if new:
                table[key] = Entity(name, text, self._base, None, None, None, internal)
                self._call(kind, name, int(parameter), text.decode(), self._base, None, None, None)
            need((yield), b">")
            return
        if known != "name":
            raise Fault("SYNTAX")
        public, system = yield from self._identifiers(token, shown=not new)
        entity = Entity(name, None, self._base, system, public, None, internal)
        if new:
            table[key] = entity
        known, token = yield
        if token == b"NDATA" and not parameter:
            entity.notation = notation = need((yield), "name")
            if not new:
                self._handled = None
            if new and self.UnparsedEntityDeclHandler is not None:
                self._handled = True
                self._call("UnparsedEntityDeclHandler", name, entity.base, system, public, notation)
            elif new:
                self._call(kind, name, 0, None, entity.base, system, public, notation)
            need((yield), b">")
        elif token != b">":
            raise Fault("SYNTAX")
        elif not new:
            self._handled = None
        else:
            self._call(kind, name, int(parameter), None, entity.base, system, public, None)

    def _entity_value(self, raw):
        """What an entity stands for: characters and parameter entities are put in, general ones stay."""
        dtd, done, stack, text, pos, entity = self._dtd, [], [], raw, 0, None
        start = self._source.event + 1
        while True:
            found = VALUE_REFERENCE(text, pos)
            stop = len(text) if found is None else found.start()
            done.append(text[pos:stop].replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
            if found is None:
                if entity is None:
                    return b"".join(done)
                entity.open = False
                text, pos, entity = stack.pop()
                continue
            at = start + stop if entity is None else None
            try:
                if found[0] == b"&":
                    pos = self._reference_end(text, stop)
                    token = text[stop:pos]
                    done.append(character(token[2:-1]) if token[1:2] == b"#" else token)
                    continue
                pos = self._name_end(text, stop + 1, 0)
                if text[pos:pos + 1] != b";":
                    unexpected(text, pos)
            except Unfinished:
                raise Fault("INVALID_TOKEN", at) from None
            except Fault as fault:
                fault.at = at if fault.at is None else start + fault.at if entity is None else None
                raise
            if not self._parameter and self._source.entity is None:
                raise Fault("PARAM_ENTITY_REF", start)
            inner, pos = dtd.parameters.get(text[stop + 1:pos]), pos + 1
            if inner is None:
                dtd.keep = dtd.standalone
                continue
            if inner.open:
                raise Fault("RECURSIVE_ENTITY_REF", at)
            if inner.text is None:
                self._read_external(inner)
                continue
            dtd.account(len(inner.text))
            inner.open = True
            stack.append((text, pos, entity))
            text, pos, entity = inner.text, 0, inner

    def _notation_rule(self):
        name = need((yield), "name")
        known, token = yield
        if known != "name":
            raise Fault("SYNTAX")
        public, system = yield from self._identifiers(token, optional=True)
        token = None
        if isinstance(system, tuple):
            system, token = None, system
            need(token, b">")
        self._call("NotationDeclHandler", name, self._base, system, public)
        if token is None:
            need((yield), b">")

    def _attlist_rule(self):
        dtd = self._dtd
        element = need((yield), "name", "prefixed").encode()
        while True:
            kind, token = yield
            if token == b">":
                return
            name = need((kind, token), "name", "prefixed")
            kind, token = yield
            tokenized = token != b"CDATA"
            if kind == "name" and token in ATTRIBUTE_TYPES:
                of = token.decode()
            elif token in (b"NOTATION", b"("):
                notation = token == b"NOTATION"
                if notation:
                    need((yield), b"(")
                values = []
                while True:
                    values.append(need((yield), *(("name",) if notation else ("name", "prefixed", "token"))))
                    kind, token = yield
                    if token == b")":
                        break
                    need((kind, token), b"|")
                of = "%s(%s)" % ("NOTATION" if notation else "", "|".join(values))
            else:
                raise Fault("SYNTAX")
            kind, token = yield
            required, value = int(token == b"#REQUIRED"), None
            if token == b"#FIXED":
                required = 1
                kind, token = yield
                need((kind, token), "literal")
            if kind == "literal":
                if dtd.keep:
                    check = not self._parameter and (
                        self._source.entity is None if dtd.standalone else not dtd.references
                    )
                    try:
                        value = self._value(token[1:-1], tokenized, check).decode()
                    except Fault as fault:
                        if fault.at is not None:
                            fault.at += self._source.event + 1
                        raise
            elif token not in (b"#REQUIRED", b"#IMPLIED"):
                raise Fault("SYNTAX")
            if dtd.keep:
                dtd.attributes.setdefault(element, {}).setdefault(name.encode(), (not tokenized, value))
                self._call("AttlistDeclHandler", element.decode(), name, of, value, required)

    def _element_rule(self):
        name = need((yield), "name", "prefixed")
        kind, token = yield
        if kind == "name" and token in (b"EMPTY", b"ANY"):
            self._call("ElementDeclHandler", name, (1 if token == b"EMPTY" else 2, 0, None, ()))
            need((yield), b">")
            return
        need((kind, token), b"(")
        kind, token = yield
        groups, depth = [[None, []]], 1
        if kind == "pound" and token == b"#PCDATA":
            while True:
                kind, token = yield
                if kind == "close":
                    break
                need((kind, token), b"|")
                groups[0][1].append((4, 0, need((yield), "name", "prefixed"), ()))
            if token != b")*" and (token != b")" or groups[0][1]):
                raise Fault("SYNTAX")
            content = (3, QUANTIFIERS[token[1:]], None, tuple(groups[0][1]))
        else:
            while groups:
                if token == b"(":
                    groups.append([None, []])
                    depth = max(depth, len(groups))
                    kind, token = yield
                    continue
                if kind not in ("name", "prefixed", "repeated"):
                    raise Fault("SYNTAX")
                word = token.rstrip(b"?*+")
                groups[-1][1].append((4, QUANTIFIERS[token[len(word):]], word.decode(), ()))
                kind, token = yield
                while kind == "close":
                    connector, content = groups.pop()
                    content = (5 if connector == b"|" else 6, QUANTIFIERS[token[1:]], None, tuple(content))
                    if not groups:
                        break
                    groups[-1][1].append(content)
                    kind, token = yield
                else:
                    if token not in (b"|", b",") or groups[-1][0] not in (None, token):
                        raise Fault("SYNTAX")
                    if token == groups[-1][0] == b"|":
                        self._handled = None
                    groups[-1][0] = token
                    kind, token = yield
        if self.ElementDeclHandler is not None:
            if depth > sys.getrecursionlimit():
                raise RecursionError("maximum recursion depth exceeded")
            self._call("ElementDeclHandler", name, content)
        need((yield), b">")


def need(token, *kinds):
    """The text of a token that has to be of one of these kinds, or is given itself."""
    if token[0] not in kinds and token[1] not in kinds:
        raise Fault("SYNTAX")
    return token[1].decode()


COPIED = HANDLERS + (
    "_text_handler _default _default_plain _default_expand _expand _buffer_text _buffer_size _ordered _specified"
    " _triplets _names _dtd _parsing"
).split()
XMLParserType = xmlparser
xmlparser.__module__ = "pyexpat"


def ParserCreate(encoding=None, namespace_separator=None, intern=None):
    """Return a new XML parser object."""
    for name, value in (("encoding", encoding), ("namespace_separator", namespace_separator)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"ParserCreate() argument '{name}' must be str or None, not {type(value).__name__}")
    if namespace_separator is not None and len(namespace_separator.encode()) > 1:
        raise ValueError("namespace_separator must be at most one character, omitted, or None")
    if intern is not None and not isinstance(intern, dict):
        raise TypeError("intern must be a dictionary")
    parser = object.__new__(xmlparser)
    parser._begin(encoding, namespace_separator, {} if intern is None else intern)
    return parser


def ErrorString(code, /):
    """Returns string error for given number."""
    return errors.messages.get(code)

"""Values of PostgreSQL's types at random: as its text, as a parameter in
JSON, and as what the contract says comes back."""
import re
import struct

from notation import (Num, Pairs, array_literal, array_read, is_number,
                      json_read, json_write)

SETUP = [
    "CREATE TYPE prop_mood AS ENUM ('', 'so so', 'q\"d', E'b\\\\s', 'é')",
    "CREATE TYPE prop_pair AS (a int, b text, c numeric[])",
    "CREATE DOMAIN prop_posint AS int CHECK (VALUE > 0)",
    "CREATE DOMAIN prop_ids AS int8[]",
]


class Kind:
    """A type whose values are strings in JSON."""
    loose = False               # compared by its JSON, not by its text
    delimiter = ","

    def __init__(self, sql, make):
        self.sql, self.make_one = sql, make

    def make(self, rng, style):
        """PostgreSQL's text for one value."""
        return self.make_one(rng)

    def sent(self, rng, literal):
        """One of the ways to write it as a parameter."""
        return literal

    def shown(self, text, style):
        """What comes back where psql shows that text."""
        return text


class Bool(Kind):
    def sent(self, rng, literal):
        return rng.choice([literal == "true", literal == "true", literal,
                           literal[0]])

    def shown(self, text, style):
        return text == "t"


class Number(Kind):
    def sent(self, rng, literal):
        if not is_number(literal) or rng.random() < 0.2:
            return literal
        return Num(literal)

    def shown(self, text, style):
        return Num(text) if is_number(text) else text


class Integer(Number):
    def sent(self, rng, literal):
        zeros = len(literal) - len(literal.rstrip("0"))
        if literal.strip("-0") and zeros and rng.random() < 0.3:
            return Num(f"{literal[:-zeros]}e{zeros}")
        return rng.choice([literal, Num(literal), Num(literal),
                           Num(literal + ".00"), Num(literal + "E+0")])


class Digits(Number):
    """int8 and numeric, which "numbers" makes strings."""

    def shown(self, text, style):
        if style.get("numbers") == "string":
            return text
        return super().shown(text, style)


class Int8(Digits):
    sent = Integer.sent


class Json(Kind):
    def __init__(self, sql):
        super().__init__(sql, None)
        self.loose = sql == "json"

    def make(self, rng, style):
        value = json_value(rng, self.loose, 0)
        # A string or a null at the top comes back as that.
        while style.get("json") != "text" and \
                isinstance(value, (str, type(None))) and \
                not isinstance(value, Num):
            value = json_value(rng, self.loose, 0)
        return json_loosely(rng, value, self.loose)

    def sent(self, rng, literal):
        value = json_read(literal)
        if value is None or type(value) is str or rng.random() < 0.3:
            return literal
        return value

    def shown(self, text, style):
        return text if style.get("json") == "text" else json_read(text)


class Vector(Kind):
    def sent(self, rng, literal):
        return literal if rng.random() < 0.3 else json_read(literal)

    def shown(self, text, style):
        return json_read(text)


class Time(Kind):
    """ISO 8601: T for the blank, minutes in every offset."""

    def __init__(self, sql, make, dated, zoned):
        super().__init__(sql, make)
        self.dated, self.zoned = dated, zoned

    def sent(self, rng, literal):
        if self.dated and rng.random() < 0.5:
            return literal.replace(" ", "T", 1)
        return literal

    def shown(self, text, style):
        if text.endswith("infinity"):
            return text
        if self.dated:
            text = text.replace(" ", "T", 1)
        if self.zoned:
            text = re.sub(r"([+-]\d\d)( BC)?$", r"\1:00\2", text)
        return text


class Array(Kind):
    def __init__(self, element, sql=None):
        super().__init__(sql or element.sql + "[]", None)
        self.element = element
        self.loose = element.loose
        self.splits = "," if element.sql != "box" else ";"

    def make(self, rng, style):
        def row(n):
            return [None if rng.random() < 0.15 else
                    self.element.make(rng, style) for _ in range(n)]
        if rng.random() < 0.15:
            return "{}"
        if rng.random() < 0.2:
            n = rng.randint(1, 3)
            value = [row(n) for _ in range(rng.randint(1, 3))]
        else:
            value = row(rng.randint(1, 6))
        return array_literal(value, self.splits)

    def sent(self, rng, literal):
        def each(value):
            if isinstance(value, list):
                return [each(v) for v in value]
            return None if value is None else self.element.sent(rng, value)
        value = array_read(literal, self.splits)
        if rng.random() < 0.15 or self.is_ambiguous(value):
            return literal
        return each(value)

    def shown(self, text, style):
        def each(value):
            if isinstance(value, list):
                return [each(v) for v in value]
            return None if value is None else self.element.shown(value, style)
        value = array_read(text, self.splits)
        return text if self.is_ambiguous(value) else each(value)

    def is_ambiguous(self, value):
        """A dimension more, or elements that are arrays?"""
        return isinstance(self.element, (Json, Array)) and \
            any(isinstance(v, list) for v in value)


# Characters and numbers.

POOLS = [
    "abcXYZ 019",
    "\"\\'{}(),;:<>[]%$&|*?",
    "\t\n\r\b\f\x01\x1b\x7f /",
    "\u00e9\u00df\u0416\u4e2d\u05d0\u0627\u200b\u2028\ufeff\ufffd",
    "\U0001f600\U0001d11e\U0010ffff\ue000\u0301",
]
WORDS = ["", "NULL", "null", "true", "{}", "[]", "0", "1e5", "\\", "\\.",
         '"', '""', "\\x00", "\\N", "'", "a\\", " ", "  x  ", "$1", "infinity"]


def any_text(rng, longest=40):
    if rng.random() < 0.2:
        return rng.choice(WORDS)
    pool = "".join(rng.sample(POOLS, rng.randint(1, 3)))
    n = min(int(rng.expovariate(0.12)), longest)
    if rng.random() < 0.01:
        n = longest * 50
    return "".join(rng.choice(pool) for _ in range(n))


def short_text(n, bytes_=False):
    def make(rng):
        text = any_text(rng)[:n]
        while bytes_ and len(text.encode()) > n:
            text = text[:-1]
        return text
    return make


def integer(bits, signed=True):
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else \
        (0, (1 << bits) - 1)

    def make(rng):
        n = rng.choice([low, high, 0, 1, low + 1, 10 ** rng.randint(0, 18),
                        rng.randint(-200, 200),
                        rng.randint(-(1 << rng.randint(1, bits)),
                                    1 << rng.randint(1, bits)),
                        rng.randint(low, high)])
        return str(min(max(n, low), high))
    return make


def numeric(rng):
    kind = rng.random()
    if kind < 0.1:
        return rng.choice(["NaN", "Infinity", "-Infinity", "0", "-0", "0.00",
                           "1e-20", "-1.5E+30", "9007199254740993",
                           "1e131071", "1e-16383"])
    digits = rng.randint(1, 8 if kind < 0.5 else 60 if kind < 0.97 else 4000)
    text = "".join(rng.choice("0123456789") for _ in range(digits))
    point = rng.randint(0, digits)
    text = (text[:point].lstrip("0") or "0") + \
        ("." + text[point:] if point < digits else "")
    return rng.choice(["", "-"]) + text


def float8(rng):
    kind = rng.random()
    if kind < 0.15:
        value = rng.choice([0.0, -0.0, 1e308, 5e-324, 0.1, 1e15, 1e16, 2**53,
                            float("inf"), float("-inf"), float("nan")])
    elif kind < 0.5:
        value = round(rng.uniform(-1e6, 1e6), rng.randint(0, 6))
    else:
        value = struct.unpack("<d", rng.randbytes(8))[0]
    return float_text(value)


def float4(rng):
    if rng.random() < 0.5:
        return float_text(round(rng.uniform(-1e4, 1e4), rng.randint(0, 3)))
    return float_text(struct.unpack("<f", rng.randbytes(4))[0])


def float_text(value):
    return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(
        repr(value), repr(value))


def small(rng, limit=1000.0):
    return float_text(round(rng.uniform(-limit, limit), rng.randint(0, 4)))


# JSON.

def json_value(rng, loose, depth):
    kind = rng.random()
    if depth < 4 and kind < 0.3:
        return [json_value(rng, loose, depth + 1)
                for _ in range(rng.randint(0, 4))]
    if depth < 4 and kind < 0.6:
        members = [(any_text(rng, 12), json_value(rng, loose, depth + 1))
                   for _ in range(rng.randint(0, 4))]
        if loose and members and rng.random() < 0.3:
            members.append((members[0][0], None))
        return Pairs(members)
    if kind < 0.75:
        return any_text(rng)
    if kind < 0.9:
        text = rng.choice([numeric, float8, integer(64)])(rng)
        if is_number(text) and (loose or "131071" not in text):
            return Num(text)
    return rng.choice([None, True, False, Num("0"), Num("-0"), Num("1.0")])


def json_loosely(rng, value, loose):
    """With blanks where json keeps them."""
    text = json_write(value)
    if loose and rng.random() < 0.3:
        text = rng.choice([" ", "\t", ""]) + text + rng.choice([" ", ""])
    return text


# Dates and times.

def year(rng, low, high):
    n = rng.choice([rng.randint(1900, 2100), rng.randint(1, 9999),
                    rng.randint(low, high)])
    return (f"{n:04d}", "") if n > 0 else (f"{1 - n:04d}", " BC")


def clock(rng):
    text = "%02d:%02d:%02d" % (rng.randint(0, 23), rng.randint(0, 59),
                               rng.randint(0, 59))
    if rng.random() < 0.5:
        text += (".%06d" % rng.randint(0, 999999))[:rng.randint(2, 7)]
    return text


def offset(rng):
    return rng.choice(["+00", "+05:30", "-03:30", "+14", "-11:45",
                       "+01:02:03", "-12"])


def day(low, high):
    def make(rng):
        if rng.random() < 0.08:
            return rng.choice(["infinity", "-infinity"])
        text, era = year(rng, low, high)
        return "%s-%02d-%02d%s" % (text, rng.randint(1, 12),
                                   rng.randint(1, 28), era)
    return make


def stamp(zoned):
    def make(rng):
        if rng.random() < 0.08:
            return rng.choice(["infinity", "-infinity"])
        text, era = year(rng, -4711, 294275)
        return "%s-%02d-%02d %s%s%s" % (
            text, rng.randint(1, 12), rng.randint(1, 28), clock(rng),
            offset(rng) if zoned else "", era)
    return make


def interval(rng):
    def field(limit, unit):
        if rng.random() < 0.4:
            return ""
        return f"{rng.randint(-limit, limit)} {unit} "
    return (field(100000, "years") + field(11, "months") +
            field(1000000, "days") + rng.choice(["", "-"]) +
            f"{rng.randint(0, 5000)}" + clock(rng)[2:])


# The rest.

def ranged(bound):
    def make(rng):
        if rng.random() < 0.1:
            return "empty"
        low, high = bound(rng)
        low = "" if rng.random() < 0.15 else f'"{low}"'
        high = "" if rng.random() < 0.15 else f'"{high}"'
        return rng.choice("[(") + low + "," + high + rng.choice(")]")
    return make


def two(make, key):
    return lambda rng: sorted((make(rng), make(rng)), key=key)


def two_stamps(zone):
    def make(rng):
        pair = sorted((rng.randint(1000, 9000), rng.randint(1000, 9000)))
        return [f"{n}-01-02 {clock(rng)}{zone}" for n in pair] \
            if pair[0] < pair[1] else [f"{n}-01-02 00:00:00{zone}"
                                       for n in pair]
    return make


def multi(rng):
    at, parts = -1000, []
    for _ in range(rng.randint(0, 4)):
        low = at + rng.randint(1, 100)
        at = low + rng.randint(1, 100)
        parts.append(f"[{low},{at})")
    return "{" + ",".join(parts) + "}"


def point(rng):
    return f"({small(rng)},{small(rng)})"


def points(low, form):
    return lambda rng: form % ",".join(
        point(rng) for _ in range(rng.randint(low, 5)))


def inet(rng):
    if rng.random() < 0.5:
        text, size = ".".join(str(b) for b in rng.randbytes(4)), 32
    else:
        text = ":".join(rng.randbytes(2).hex() for _ in range(8))
        size = 128
    return text if rng.random() < 0.5 else f"{text}/{rng.randint(0, size)}"


def cidr(rng):
    bits = rng.randint(0, 32)
    n = rng.getrandbits(32) >> (32 - bits) << (32 - bits)
    return ".".join(str(b) for b in n.to_bytes(4, "big")) + f"/{bits}"


def hexes(count, size):
    return lambda rng: ":".join(rng.randbytes(size).hex()
                                for _ in range(count))


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def lexeme(rng):
    """PostgreSQL takes words of up to 2046 bytes."""
    return any_text(rng, 12)[:500] or "w"


def tsvector(rng):
    words = {lexeme(rng) for _ in range(rng.randint(0, 5))}
    return " ".join(quoted(w) + rng.choice(["", ":1", ":3A,7", ":16383D"])
                    for w in sorted(words))


def tsquery(rng):
    parts = [rng.choice(["", "!"]) + quoted(lexeme(rng)) +
             rng.choice(["", ":*", ":AB"]) for _ in range(rng.randint(1, 4))]
    return rng.choice([" & ", " | ", " <-> "]).join(parts)


def composite(rng):
    def field(text):
        return "" if rng.random() < 0.2 else \
            '"' + re.sub(r'(["\\])', r"\1\1", text) + '"'
    numbers = array_literal([numeric(rng) for _ in range(rng.randint(1, 3))])
    return "(%s,%s,%s)" % (field(integer(32)(rng)), field(any_text(rng)),
                           field(numbers))


def floats(n, number):
    return lambda rng: "[" + ",".join(number(rng) for _ in range(n)) + "]"


def vector_number(rng):
    text = float4(rng)
    return text if is_number(text) else "0"


def sparse(rng):
    places = sorted(rng.sample(range(1, 100), rng.randint(0, 5)))
    return "{" + ",".join(f"{i}:{rng.randint(1, 99) / 4}"
                          for i in places) + "}/100"


def bits(low, high):
    return lambda rng: "".join(rng.choice("01")
                               for _ in range(rng.randint(low, high)))


def path_(rng):
    return rng.choice(["$", '$."a b"[*]', 'strict $."x"[0 to last]',
                       '$[*]?(@."p" > 1.5)', '($."a" + 2)'])


def scalars():
    yield Bool("bool", lambda rng: rng.choice(["true", "false"]))
    yield Integer("int2", integer(16))
    yield Integer("int4", integer(32))
    yield Integer("oid", integer(32, False))
    yield Int8("int8", integer(64))
    yield Number("float4", float4)
    yield Number("float8", float8)
    yield Digits("numeric", numeric)
    yield Digits("numeric(30,10)", lambda rng: small(rng, 1e12))
    yield Kind("text", any_text)
    yield Kind("varchar(20)", short_text(20))
    yield Kind("char(10)", short_text(10))
    yield Kind("name", short_text(63, True))
    yield Kind('"char"', lambda rng: rng.choice(["", "a", '"', "\\", "~"]))
    yield Kind("bytea", lambda rng: "\\x" + rng.randbytes(
        int(rng.expovariate(0.05))).hex())
    yield Kind("uuid", lambda rng: rng.randbytes(16).hex())
    yield Kind("date", day(-4711, 5874896))
    yield Kind("time", clock)
    yield Time("timetz", lambda rng: clock(rng) + offset(rng), False, True)
    yield Time("timestamp", stamp(False), True, False)
    yield Time("timestamptz", stamp(True), True, True)
    yield Kind("interval", interval)
    yield Json("json")
    yield Json("jsonb")
    yield Kind("jsonpath", path_)
    yield Vector("vector(3)", floats(3, vector_number))
    yield Vector("halfvec(4)", floats(4, lambda rng: small(rng, 60000.0)))
    yield Kind("sparsevec", sparse)
    yield Kind("inet", inet)
    yield Kind("cidr", cidr)
    yield Kind("macaddr", hexes(6, 1))
    yield Kind("macaddr8", hexes(8, 1))
    yield Kind("money", lambda rng: "%.2f" % rng.uniform(-1e12, 1e12))
    yield Kind("point", point)
    yield Kind("lseg", lambda rng: f"[{point(rng)},{point(rng)}]")
    yield Kind("box", lambda rng: f"{point(rng)},{point(rng)}")
    yield Kind("path", points(1, "[%s]"))
    yield Kind("polygon", points(1, "(%s)"))
    yield Kind("circle", lambda rng: f"<{point(rng)},{rng.randint(0, 99)}>")
    yield Kind("line", lambda rng: "{1,%s,%s}" % (small(rng), small(rng)))
    yield Kind("bit(8)", bits(8, 8))
    yield Kind("varbit", bits(0, 40))
    yield Kind("tsvector", tsvector)
    yield Kind("tsquery", tsquery)
    yield Kind("pg_lsn", lambda rng: "%X/%X" % (rng.getrandbits(32),
                                                rng.getrandbits(32)))
    yield Kind("xid8", integer(64, False))
    yield Kind("int4range", ranged(two(
        lambda rng: str(rng.randint(-999, 999)), int)))
    yield Kind("int8range", ranged(two(
        lambda rng: str(rng.randint(-1 << 62, 1 << 62)), int)))
    yield Kind("numrange", ranged(two(small, float)))
    yield Kind("daterange", ranged(two(
        lambda rng: "%d-06-07" % rng.randint(1000, 9999), str)))
    yield Kind("tsrange", ranged(two_stamps("")))
    yield Kind("tstzrange", ranged(two_stamps("+05:30")))
    yield Kind("int4multirange", multi)
    yield Kind("prop_mood", lambda rng: rng.choice(
        ["", "so so", 'q"d', "b\\s", "\u00e9"]))
    yield Kind("prop_pair", composite)
    yield Integer("prop_posint", lambda rng: str(rng.randint(1, 1 << 30)))


def kinds(halfvec):
    """All, or without the types that pgvector has since 0.7."""
    found = [k for k in scalars() if halfvec or
             not k.sql.startswith(("halfvec", "sparsevec"))]
    ids = Array(next(k for k in found if k.sql == "int8"), "prop_ids")
    return found + [Array(k) for k in found] + [ids, Array(ids)]

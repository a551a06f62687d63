"""JSON that keeps every digit and member, array literals, psql's COPY."""
import json
import re


class Num(str):
    """A JSON number as it is written."""


class Pairs(list):
    """A JSON object: its members in their order, also given twice."""


def json_read(text):
    return json.loads(text, parse_int=Num, parse_float=Num,
                      parse_constant=refuse, object_pairs_hook=Pairs)


def refuse(word):
    raise ValueError(word + " is not JSON")


def json_write(value):
    if value is None:
        return "null"
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, (Num, int)):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=len(value) % 2 == 0)
    if isinstance(value, Pairs):
        return "{" + ",".join(json_write(k) + ":" + json_write(v)
                              for k, v in value) + "}"
    return "[" + ",".join(map(json_write, value)) + "]"


def is_number(text):
    return re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", text)


def array_literal(value, delimiter=","):
    """Nested lists of literals (None: NULL) as PostgreSQL's text."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "{" + delimiter.join(array_literal(v, delimiter)
                                    for v in value) + "}"
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def array_read(text, delimiter=","):
    """The same back."""
    token = re.compile(r'[{}%s]|"((?:[^"\\]|\\.)*)"|[^{}"%s]+'
                       % (delimiter, delimiter), re.S)
    stack, out = [], None
    for m in token.finditer(text):
        if m[0] == "{":
            stack.append([])
        elif m[0] == "}":
            out = stack.pop()
            if stack:
                stack[-1].append(out)
        elif m[0] == delimiter:
            pass
        elif m[1] is not None:
            stack[-1].append(re.sub(r"\\(.)", r"\1", m[1], flags=re.S))
        else:
            stack[-1].append(None if m[0] == "NULL" else m[0])
    return out


def psql_text(value):
    """A field of COPY."""
    if value is None:
        return "\\N"
    return value.replace("\\", "\\\\").replace("\t", "\\t") \
        .replace("\n", "\\n").replace("\r", "\\r")

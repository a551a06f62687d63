"""What an attack's answer has to be: the words of "expect"."""

from server import TIMEOUT_MS

SLOW = TIMEOUT_MS / 1000 + 4    # the deadline, its grace, a busy machine


def flat(rows):
    return ["" if v is None else str(v) for row in rows for v in row]


def only_own(a, ws):
    other, key = ("B-", "bbbbbbbb") if ws == "A" else ("A-", "aaaaaaaa")
    return not any(other in v or key in v for v in flat(a.rows))


def value(a):
    cells = flat(a.rows)
    return cells[0] if cells else None


def verdict(expect, a, ws="A"):
    """What is wrong with the answer, or None."""
    denied = a.status >= 400
    ok = {
        "denied": lambda: denied,
        "allowed": lambda: a.status == 200,
        "any": lambda: True,
        "no_effect": lambda: True,      # the invariants tell
        "harmless": lambda: True,
        "survivable": lambda: True,
        "own_rows_only": lambda: not denied and only_own(a, ws),
        "own_rows_only_or_own_error": lambda: only_own(a, ws),
        "empty": lambda: not denied and not a.rows,
        "no_secret": lambda: not denied,
        "no_oracle": lambda: "23505" not in a.problem,
        "own_value": lambda: not denied and only_own(a, ws),
        "timeout": lambda: a.status == 408,
        "timeout_or_limited": lambda: denied,
        "limited": lambda: len(a.raw) < 9 << 20,
        "denied_or_limited": lambda: denied or len(a.raw) < 9 << 20,
        "denied_or_empty": lambda: denied or not a.rows,
        "denied_or_no_effect": lambda: True,
    }
    word, _, arg = expect.partition(":")
    if word == "value":
        good = not denied and value(a) == arg
    elif word == "not_value":
        good = not denied and value(a) != arg
    elif word == "problem":
        good = a.problem == arg or a.problem.split(" ")[0] == arg
    elif word == "status":
        good = str(a.status) == arg
    else:
        good = ok[word]()
    if not good:
        return "expected %s, got %d %s" % (expect, a.status,
            a.problem or str(flat(a.rows)[:5])[:200])
    if a.status >= 500 and a.problem in ("", "internal_error"):
        return "an internal error: " + a.raw.decode()[:200]
    if a.seconds > SLOW:
        return "it took %.1f s" % a.seconds
    return None

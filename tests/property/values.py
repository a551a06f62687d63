#!/usr/bin/env python3
"""Values at random through acdbd and back: nothing may change.

usage: values.py [COUNT [SEED]]

Each value is made as PostgreSQL's text (the literal) and sent as a parameter
in one of the ways JSON has for it; read back; and what came is sent again.
Then psql, past acdbd, is asked for all three as text: the first and the
second row must hold what the literal says, and what was read must be what
the contract's table of types makes of psql's text.  The readers and writers
of array literals and of JSON here are this file's own.

URL, CACERT and KEY lead to the server; PSQL is the command that asks the
same database, as its superuser.
"""
import http.client
import json
import os
import random
import re
import shlex
import ssl
import subprocess
import sys
import urllib.parse

import generate
from notation import Pairs, json_read, json_write, psql_text

BATCH = 40                      # values a request
ZONES = ["UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia"]
SHOWN = 10                      # differences told


class Server:
    """One connection, kept."""

    def __init__(self):
        url = urllib.parse.urlsplit(os.environ["URL"])
        context = ssl.create_default_context(cafile=os.environ["CACERT"])
        self.connection = http.client.HTTPSConnection(
            url.hostname, url.port, context=context, timeout=60)
        self.key = os.environ["KEY"]

    def sql(self, text, params=(), **members):
        request = {"sql": text, "params": list(params), **members}
        self.connection.request(
            "POST", "/v1/sql/execute", json_write(Pairs(request.items())).encode(),
            {"Authorization": "Bearer " + self.key,
             "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        body = answer.read().decode()
        if answer.status != 200:
            sys.exit(f"{answer.status} {body}\nfor {text[:200]}")
        return dict(json_read(body))


class Column:
    """Values of one type: a table of what was sent, one of what came back
    and was sent again."""

    def __init__(self, number, kind, rng):
        self.kind, self.rng = kind, rng
        self.first, self.second = f"p{number}", f"q{number}"
        self.style = {}
        self.members = {"settings": Pairs([("timezone", rng.choice(ZONES))])}
        if rng.random() < 0.5:
            self.style["json"] = "text"
        if rng.random() < 0.3:
            self.style["numbers"] = "string"
        self.literals, self.sent, self.got = [], [], {}

    def make(self, count):
        for _ in range(count):
            if self.rng.random() < 0.05:
                literal = None
            else:
                literal = self.kind.make(self.rng, self.style)
            self.literals.append(literal)
            self.sent.append(None if literal is None else
                             self.kind.sent(self.rng, literal))

    def insert(self, server, table, values):
        for start in range(0, len(values), BATCH):
            part = values[start:start + BATCH]
            rows = ", ".join(f"({start + i}, ${i + 1})"
                             for i in range(len(part)))
            server.sql(f"INSERT INTO {table} VALUES {rows}", part,
                       **self.members)

    def read(self, server):
        objects = self.rng.random() < 0.3
        for start in range(0, len(self.sent), BATCH):
            answer = server.sql(
                f"SELECT n, v FROM {self.first} WHERE n >= {start}"
                f" AND n < {start + BATCH} ORDER BY n",
                row_format="object" if objects else "array",
                **self.style, **self.members)
            for row in answer["rows"]:
                number, value = (v for _, v in row) if objects else row
                self.got[int(number)] = value

    def travel(self, server):
        for table in self.first, self.second:
            server.sql(f"CREATE TABLE {table} (n int PRIMARY KEY,"
                       f" v {self.kind.sql})")
        self.insert(server, self.first, self.sent)
        self.read(server)
        again = [self.got[i] for i in range(len(self.sent))]
        self.insert(server, self.second, again)

    def question(self):
        """For psql: n, the literal as PostgreSQL understands it, and what
        both tables hold."""
        zone = self.members["settings"][0][1]
        yield f"SET timezone = '{zone}';"
        yield "CREATE TEMP TABLE l (n int, lit text);"
        yield "COPY l FROM STDIN;"
        for i, literal in enumerate(self.literals):
            yield f"{i}\t{psql_text(literal)}"
        yield "\\."
        yield (f"COPY (SELECT n, lit::{self.kind.sql}, p.v, q.v FROM l"
               f" LEFT JOIN public.{self.first} p USING (n)"
               f" LEFT JOIN public.{self.second} q USING (n)"
               " ORDER BY n) TO STDOUT;")
        yield "DROP TABLE l;"
        yield "\\echo --"

    def differences(self, lines):
        """What psql says against what was sent and read."""
        if len(lines) != len(self.literals):
            yield f"{self.kind.sql}: {len(lines)} rows"
            return
        for line in lines:
            n, *texts = (psql_read(s) for s in line.split("\t"))
            n = int(n)
            literal, first, second = (self.canonical(t) for t in texts)
            shown = json_write(None if texts[1] is None else
                               self.kind.shown(texts[1], self.style))
            got = json_write(self.got[n])
            if not literal == first == second or got != shown:
                yield (f"{self.kind.sql} {self.style} {self.members}\n"
                       f" sent   {json_write(self.sent[n])[:500]}\n"
                       f" is     {texts[0]!r:.500}\n"
                       f" first  {texts[1]!r:.500}\n"
                       f" read   {got[:500]}\n wanted {shown[:500]}\n"
                       f" second {texts[2]!r:.500}")

    def canonical(self, text):
        """json keeps blanks and escapes, which a client's own writer does
        not."""
        if text is None or not self.kind.loose:
            return text
        return json_write(self.kind.shown(text, {}))


def psql_read(field):
    if field == "\\N":
        return None
    escapes = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
               "v": "\v"}
    return re.sub(r"\\(.)", lambda m: escapes.get(m[1], m[1]), field,
                  flags=re.S)


def ask_psql(columns):
    script = "\n".join(["SET search_path = public, ext;"] +
                       [line for c in columns for line in c.question()])
    done = subprocess.run(
        shlex.split(os.environ["PSQL"]), input=script + "\n",
        encoding="utf-8", stdout=subprocess.PIPE, check=True,
        env={**os.environ, "PGCLIENTENCODING": "UTF8"})
    parts = [[]]
    for line in done.stdout.split("\n"):
        if line == "--":        # a row has tabs
            parts.append([])
        else:
            parts[-1].append(line)
    return parts[:-1]


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else \
        random.SystemRandom().randrange(1 << 32)
    print(f"values.py {count} {seed}", flush=True)
    rng = random.Random(seed)
    server = Server()
    for statement in generate.SETUP:
        server.sql(statement)
    answer = server.sql("SELECT to_regtype('halfvec') IS NOT NULL")
    kinds = generate.kinds(answer["rows"][0][0])
    each = -(-count // len(kinds))
    columns = [Column(i, kind, rng) for i, kind in enumerate(kinds)]
    for column in columns:
        column.make(each)
        column.travel(server)
    found = [text for column, lines in zip(columns, ask_psql(columns))
             for text in column.differences(lines)]
    for text in found[:SHOWN]:
        print(text)
    print(f"{each * len(kinds)} values of {len(kinds)} types,"
          f" {len(found)} differences")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Run the corpus of attacks against a private acdbd over HTTPS, and after
each one see that nothing got out.

usage: run.py [--level standard|strict] [--how call|batch] [--quiet] [ID...]

Without arguments every attack of attacks.jsonl and own.jsonl, at both
hardening levels (with a restart between), as a call and as a batch of one.
Prints TAP and "corpus: N passed, N failed".

A line of the corpus:
    as, sql, params     the attack, with that role's key in workspace A
    expect              judge.py's words; expect_strict where it differs
    by, by_strict, by_batch
                        the refusal that is meant ("permission_denied 42501")
    by_16               the same where PostgreSQL is of version 16
    before, then        calls in front of it and behind: as, ws, sql, expect
    cleanup             statements of dbadmin's
    more, headers       further members of the request's body; its headers
    given, reason       where we expect other than the file we were given
"""

import argparse
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import server
from invariants import Watch
from judge import verdict

HERE = os.path.dirname(os.path.abspath(__file__))


def corpus(ids):
    attacks = []
    for name in ("attacks.jsonl", "own.jsonl"):
        path = HERE + "/" + name
        if not os.path.exists(path):
            continue
        with open(path) as f:
            attacks += [json.loads(line) for line in f if line.strip()]
    return [a for a in attacks if not ids or a["id"] in ids]


class Runner:
    def __init__(self, quiet):
        self.quiet = quiet
        self.passed = self.failed = 0

    def report(self, name, wrong):
        n = self.passed + self.failed + 1
        if not wrong:
            self.passed += 1
            if not self.quiet:
                print("ok %d - %s" % (n, name))
            return
        self.failed += 1
        print("not ok %d - %s" % (n, name))
        for w in wrong:
            print("#   " + w.replace("\n", "\n#     "))
        sys.stdout.flush()

    def step(self, srv, step, watch):
        """A call in front of the attack or behind it; what is wrong."""
        ws = step.get("ws", "A")
        c = srv.client(step.get("as", "dbadmin"), ws)
        a = c.execute(step["sql"], step.get("params"), step.get("more"),
            step.get("headers"))
        expect = step.get("expect", "allowed").replace(
            "{statement_timeout}", "%dms" % server.TIMEOUT_MS)
        wrong = verdict(expect, a, ws)
        if wrong is None and ws == "A":
            wrong = watch.marker(a)
        return None if wrong is None else "%s: %s" % (step["sql"], wrong)

    def attack(self, srv, watch, a, level, how):
        wrong = []
        for step in a.get("before", []):
            wrong += [self.step(srv, step, watch)]
        watch.ready(a["as"])
        key = srv.client(a["as"])
        request = watch.next_request()
        headers = {"X-Request-Id": request}
        headers.update((k, v.replace("{request}", request))
            for k, v in a.get("headers", {}).items())
        send = key.batch if how == "batch" else key.execute
        more = dict(a.get("more", {}))
        if "timeout" in a["expect"] and (level, how) != ("standard", "call"):
            more["timeout_ms"] = 400    # the default was waited for once
        answer = send(a["sql"], a.get("params"), more, headers)
        expect, by = a["expect"], a.get("by")
        if level == "strict":
            expect = a.get("expect_strict", expect)
            by = a.get("by_strict", by)
        if how == "batch":
            by = a.get("by_batch", by)
        if srv.version < 17:
            by = a.get("by_16", by)
        wrong += [verdict(expect, answer), watch.marker(answer)]
        if by and answer.status >= 400 and answer.problem != by:
            wrong += ["refused by %r, not by %r: %s" % (answer.problem, by,
                answer.raw.decode("utf-8", "replace")[:300])]
        if expect == "survivable":
            watch.reconnect(a["as"])
        for step in a.get("then", []):
            wrong += [self.step(srv, step, watch)]
        for sql in a.get("cleanup", []):
            srv.client("dbadmin").execute(sql)
        wrong += watch.check(a, answer)
        return [w for w in wrong if w]

    def level(self, srv, attacks, level, hows):
        watch = Watch(srv)
        self.report("%s: every checksum changes with what it sums" % level,
            watch.prove())
        for how in hows:
            began = time.monotonic()
            for a in attacks:
                if how == "batch" and a.get("only") == "call":
                    continue
                wrong = self.attack(srv, watch, a, level, how)
                self.report("%s %s: %s" % (level, how, a["id"]), wrong)
            print("# %s, %s: %d attacks in %.1f s" % (level, how,
                len(attacks), time.monotonic() - began))
            sys.stdout.flush()


def hows_of(srv, wanted):
    hows = ["call", "batch"] if wanted is None else [wanted]
    if "batch" in hows and srv.client("dbadmin").batch(
            "SELECT 1").status == 404:
        print("# SKIPPED: POST /v1/sql/batch is not there: no attack was "
            "run as a batch")
        hows.remove("batch")
    return hows


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--level", choices=("standard", "strict"))
    p.add_argument("--how", choices=("call", "batch"))
    p.add_argument("--quiet", action="store_true")
    p.add_argument("--keep", action="store_true")
    p.add_argument("ids", nargs="*")
    args = p.parse_args()
    attacks = corpus(args.ids)
    levels = [args.level] if args.level else ["standard", "strict"]
    runner, srv = Runner(args.quiet), server.Server()
    try:
        for i, level in enumerate(levels):
            srv.up(HARDENING=level)
            if i == 0:
                srv.tenants()
            runner.level(srv, attacks, level, hows_of(srv, args.how))
            if i + 1 < len(levels):
                srv.down()
    finally:
        if not args.keep:
            srv.down(purge=True)
    print("1..%d" % (runner.passed + runner.failed))
    print("corpus: %d passed, %d failed" % (runner.passed, runner.failed))
    return 0 if runner.failed == 0 and runner.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())

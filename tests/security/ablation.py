#!/usr/bin/env python3
"""Take each line of defence away, once, from a live system: acdb-migrate
verify has to notice, and an attack that was stopped has to succeed.  A
defence whose absence changes nothing is none.

usage: ablation.py [--find] [NAME...]

With --find the whole corpus runs under each, and what comes through is
printed.  Prints TAP and "ablation: N passed, N failed".
"""

import argparse
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import server
from ablations import ABLATIONS
from invariants import Watch
from run import Runner, corpus

RULES_BYTES = 4096
EXIT_CHECK = 7      # lib/exitcode.h


class Shim:
    """ablate.c, loaded in front of acdbd's libpq."""

    def __init__(self, config):
        self.lib, self.rules = config + "/ablate.so", config + "/rules"
        here = os.path.dirname(os.path.abspath(__file__))
        include = subprocess.run(["pg_config", "--includedir"], check=True,
            capture_output=True, text=True).stdout.strip()
        subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1",
            "-D_GNU_SOURCE", "-isystem", include, "-o", self.lib,
            here + "/ablate.c", "-ldl"], check=True)
        os.chmod(config, 0o755)
        self.set([])

    def env(self):
        return {"LD_PRELOAD": self.lib, "ABLATE": self.rules}

    def set(self, rules):
        text = "".join("%s\t%s\n" % r for r in rules).encode()
        if len(text) >= RULES_BYTES:
            raise RuntimeError("too many rules")
        mode = "r+b" if os.path.exists(self.rules) else "wb"
        with open(self.rules, mode) as f:
            f.write(text.ljust(RULES_BYTES, b"\0"))


class Rig:
    """A server with two tenants, whose defences come off and on again."""

    def __init__(self):
        self.srv = server.Server()
        self.shim = Shim(self.srv.config)
        self.up_shimmed()
        self.srv.tenants()
        self.sql = self.srv.super
        self.watch = Watch(self.srv)
        self.sql.do("CREATE TABLE corpus.sha AS SELECT sha256 AS s "
            "FROM acdb.schema_migrations WHERE version = 2")
        self.before = self.verify()

    def up_shimmed(self, **settings):
        os.environ.update(self.shim.env())
        try:
            self.srv.up(**settings)
        finally:
            for name in self.shim.env():
                del os.environ[name]

    def restart(self, **settings):
        self.srv.down()
        self.up_shimmed(**settings)
        self.sql = self.srv.super
        self.watch = Watch(self.srv)

    def until(self, holds):
        end = time.monotonic() + 5
        while not holds() and time.monotonic() < end:
            time.sleep(0.02)

    def verify(self):
        """What verify says that is not PASS: name -> verdict, detail."""
        r = subprocess.run([server.bin_dir() + "/acdb-migrate", "verify"],
            env=dict(self.srv.env(), **self.srv.database_env()),
            capture_output=True, text=True)
        found, name = {}, None
        for line in r.stdout.split("\n"):
            if line[:4] in ("PASS", "WARN", "FAIL"):
                name = line.split()[1]
                if line[:4] != "PASS":
                    found[name] = (line[:4], "")
            elif line.strip() and name in found:
                found[name] = (found[name][0],
                    sorted(line.strip().split("; ")))
        if r.returncode not in (0, EXIT_CHECK):
            raise RuntimeError("verify: " + r.stdout + r.stderr)
        return found

    def up(self, **settings):
        run = self.srv.database_env()["AGENTCOOPDB_DATABASE_URL"]
        self.srv.run(server.bin_dir() + "/acdb-migrate", "up", **dict({
            "AGENTCOOPDB_MIGRATIONS_DATABASE_URL":
                run.replace("agentcoopdb_gateway@", "acdb_super@"),
            "AGENTCOOPDB_OWNER_PASSWORD": self.srv.password("acdb_super"),
            "AGENTCOOPDB_GATEWAY_PASSWORD_FILE": self.srv.dir + "/db/secret",
        }, **settings))

    def weaken(self, function, changes):
        """The same function without something."""
        text = "\n".join(self.sql.do("SELECT pg_get_functiondef('%s'::"
            "regprocedure)" % function))
        for a, b in changes:
            if a not in text:
                raise RuntimeError("%s has no %r" % (function, a))
            text = text.replace(a, b)
        self.sql.do(text)

    def off(self, ablation):
        for sql in ablation.get("off", []):
            self.sql.do(sql)
        for function, *changes in ablation.get("weaken", []):
            self.weaken(function, changes)
        if "strict" in ablation:
            self.up(AGENTCOOPDB_HARDENING="strict")
            self.sql.do(ablation["strict"])
        self.shim.set(ablation.get("rules", []))
        if "off" in ablation or "rules" in ablation:
            for role in ("dbadmin", "dbuser", "dbreader"):
                self.watch.reconnect(role)

    def on(self, ablations):
        self.shim.set([])
        for a in ablations:
            for sql in a.get("on", []):
                self.sql.ask(sql)
        self.up()
        self.sql.do("SELECT corpus.restore()")
        for role in ("dbadmin", "dbuser", "dbreader"):
            self.watch.reconnect(role)
        self.watch.base = self.watch.sums()

    def refresh(self):
        """What was taken off is no work of an attack's."""
        self.watch.base = self.watch.sums()
        for role in ("dbadmin", "dbuser", "dbreader"):
            self.watch.fresh[role] = self.watch.probe(role, "B")[1]


def comes_through(rig, runner, attack, level):
    """What is wrong behind an attack, that is, what it achieved."""
    rig.refresh()
    wrong = runner.attack(rig.srv, rig.watch, attack, level, "call")
    return [w for w in wrong if " took " not in w]      # a busy machine


# What notices nothing where nothing was taken away.
NOTHING = dict(off=["SELECT 1"], verify="languages", attacks=["rls-14"])


def check(rig, runner, a):
    wrong = []
    rig.off(a)
    if "verify" in a:
        want, _, verdict = a["verify"].partition(":")
        got = rig.verify()
        if got.get(want) == rig.before.get(want):
            wrong.append("verify does not notice: " + want)
        elif got[want][0] != (verdict or "FAIL"):
            wrong.append("verify says %s of %s" % (got[want][0], want))
    also = a.get("also", [])
    for other in also:
        rig.off(ABLATIONS[other])
    if also and "rules" in a:
        rig.shim.set(a["rules"])
    attacks = corpus(a["attacks"]) if "attacks" in a else []
    if len(attacks) != len(a.get("attacks", [])):
        wrong.append("an attack of %s is not in the corpus" % a["attacks"])
    for attack in attacks:
        if not comes_through(rig, runner, attack, a.get("level",
                "standard")):
            wrong.append("%s is stopped all the same" % attack["id"])
    if "attempt" in a:
        wrong += filter(None, [a["attempt"](rig)])
    rig.on([a] + [ABLATIONS[o] for o in also])
    after = rig.verify()
    if after != rig.before:
        wrong.append("what was put back is not whole: %s" % {k: v for k, v in
            after.items() if rig.before.get(k) != v})
    return wrong


def find(rig, runner, name, ids):
    a = ABLATIONS[name]
    rig.off(a)
    for other in a.get("also", []):
        rig.off(ABLATIONS[other])
    rig.refresh()
    through = []
    for attack in corpus(ids):
        wrong = runner.attack(rig.srv, rig.watch, attack, "standard", "call")
        if wrong:
            through.append(attack["id"])
            print("#   %s: %s" % (attack["id"], wrong[0][:150]))
    print("%s: %s" % (name, " ".join(through)))
    sys.stdout.flush()
    rig.on([a] + [ABLATIONS[o] for o in a.get("also", [])])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--find", action="store_true")
    p.add_argument("--ids", nargs="*", default=[])
    p.add_argument("names", nargs="*")
    args = p.parse_args()
    names = args.names or ["nothing"] + list(ABLATIONS)
    runner, rig, n = Runner(True), None, 0
    passed = failed = 0
    try:
        rig = Rig()
        for name in names:
            since = ABLATIONS.get(name, NOTHING).get("since", 0)
            if rig.srv.version < since:
                n += 1
                print("ok %d - %s # skip before %d" % (n, name, since))
                continue
            if args.find:
                find(rig, runner, name, args.ids)
                continue
            began = time.monotonic()
            wrong = check(rig, runner, ABLATIONS.get(name, NOTHING))
            if name == "nothing":
                wrong = [] if len(wrong) == 2 else ["wrongly: %s" % wrong]
            n += 1
            print("%sok %d - %s (%.1f s)" % ("not " if wrong else "", n,
                name, time.monotonic() - began))
            for w in wrong:
                print("#   " + w)
            passed, failed = passed + (not wrong), failed + bool(wrong)
            sys.stdout.flush()
    finally:
        if rig is not None:
            rig.srv.down(purge=True)
    print("1..%d" % n)
    print("ablation: %d passed, %d failed" % (passed, failed))
    return 0 if failed == 0 and (passed or args.find) else 1


if __name__ == "__main__":
    sys.exit(main())

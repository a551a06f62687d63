#!/usr/bin/env python3
"""Many clients that do everything at once, for a while.

usage: soak.py [--clients N] [--seconds N] [--growth MIB]

Each of the clients calls at random what calls.py has, over TLS, against a
private acdbd with a PostgreSQL of its own.  Every answer must be the one that
was meant, or one of those that the contract names for a server with too much
to do.  Meanwhile and in the end it is looked at: how many connections
PostgreSQL has, that what was counted is there, that nothing still runs, that
no worker ended, and that no sanitizer has anything to say.  Memory is measured
while nobody asks: after a third of the time, when all pause for a moment, and
at the end (with --growth it must not have grown more); under load it goes up
and down by the large answers that are just on their way.
"""
import argparse
import collections
import os
import random
import re
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, os.pardir, "live")]
import calls  # noqa: E402
from live import Client, Lost, Server, until  # noqa: E402

CONNECTIONS = 20                # to PostgreSQL, the default
LONGEST = 60                    # seconds, for any answer
SHOWN = 20

# What a server with too much to do may say instead, and must say how.
BUSY = {(503, "too_many_connections"), (503, "idempotency_in_progress")}
# What any answer other than 2xx may be called (doc/api.md).
NAMED = {}


def named():
    """The statuses and titles of doc/api.md's table of errors."""
    found = set()
    with open(os.path.join(HERE, os.pardir, os.pardir, "doc/api.md")) as f:
        for line in f:
            m = re.match(r"\| (\d{3}) \| `?([a-z_`, ]+?)`? \|", line)
            if m:
                for title in re.findall(r"[a-z_]+", m.group(2)):
                    found.add((int(m.group(1)), title))
    return found


class Visitor(threading.Thread):
    """One client."""

    def __init__(self, soak, number):
        super().__init__(daemon=True)
        self.soak, self.number = soak, number
        self.key = soak.keys[number % len(soak.keys)]
        self.client = Client(soak.server, self.key, LONGEST)
        self.counted, self.seen = {}, collections.Counter()
        self.slowest, self.what = 0.0, None

    def ask(self, method, path, body=None, headers=(), key=None):
        self.client.key = self.key if key is None else key
        began = time.monotonic()
        answer = self.client.call(method, path, body, headers)
        self.slowest = max(self.slowest, time.monotonic() - began)
        return answer

    def until_served(self, method, path, body, key):
        """What must be done, however busy the server is."""
        while True:
            answer = self.ask(method, path, body, key=key)
            if not self.busy(answer):
                return answer
            time.sleep(0.02)

    @staticmethod
    def busy(answer):
        return answer.status == 503 and (
            503, answer.problem().get("title")) in BUSY and \
            answer.headers.get("retry-after", "").isdigit()

    def want(self, check, sql, params=(), **members):
        body = dict({"sql": sql, "timeout_ms": 60000}, **members)
        if params:
            body["params"] = params
        self.check(self.ask("POST", calls.EXECUTE, body), check, sql[:80])

    def check(self, answer, check, what):
        title = answer.problem().get("title", "")
        self.seen[(answer.status, title)] += 1
        if answer.status >= 400 and (answer.status, title) not in NAMED:
            self.soak.complain("%s: nowhere named: %r" % (what, answer))
        if self.busy(answer):
            return
        wrong = check(answer)
        if wrong:
            self.soak.complain("%s: %s: %r" % (what, wrong, answer))

    def run(self):
        functions, weights = zip(*calls.CALLS)
        try:
            while time.monotonic() < self.soak.end:
                self.soak.pass_gate()
                self.what = random.choices(functions, weights)[0]
                self.what(self)
        except Exception as e:  # noqa: a thread's end must be seen
            self.soak.complain("%s: %s: %s" % (
                self.what.__name__, type(e).__name__, e))
        self.client.close()


class Soak:
    def __init__(self, args):
        self.args = args
        self.name = "soak%d" % os.getpid()
        self.complaints, self.first = [], {}
        self.lock = threading.Lock()
        self.lanes = [threading.Lock() for _ in range(calls.LANES)]
        self.memory, self.connections = [], 0
        self.gate = threading.Condition()
        self.closed, self.inside, self.rested = False, args.clients, []
        self.server = Server({
            "AGENTCOOPDB_DATABASE_MAX_CONNS": str(CONNECTIONS),
            "AGENTCOOPDB_WORKERS": "2"})

    def complain(self, text):
        with self.lock:
            self.complaints.append(text)

    def prepare(self):
        self.server.start()
        s = self.server
        s.tool("acdb-migrate", "example")
        self.admin = s.mint("dbadmin")
        self.reader = s.mint("dbreader")
        self.slow = s.tool("acdb-keys", "mint", "--role", "dbuser",
                           "--rate", "5", "--burst", "10")
        self.keys = [s.mint("dbuser") for _ in range(5)]
        client = Client(s, self.admin)
        for text in calls.SETUP:
            a = client.sql(text)
            if a.status != 200:
                raise RuntimeError("%s: %r" % (text, a))
        a = client.call("PUT", "/v1/rpc/echo", calls.PROCEDURE)
        if a.status != 201:
            raise RuntimeError(repr(a))
        time.sleep(1)           # by then every worker has heard of it
        client.close()

    def resident(self):
        """MiB of the master and its workers."""
        total = 0
        for pid in [self.server.process.pid] + self.workers:
            with open("/proc/%d/status" % pid) as f:
                total += int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
        return total / 1024

    def pass_gate(self):
        """For the clients, between two calls."""
        with self.gate:
            if not self.closed:
                return
            self.inside -= 1
            self.gate.notify_all()
            self.gate.wait_for(lambda: not self.closed)
            self.inside += 1

    def rest(self):
        """The memory while nobody asks, once that is so."""
        with self.gate:
            self.closed = True
            if not self.gate.wait_for(lambda: self.inside == 0, LONGEST):
                self.complain("%d clients never paused" % self.inside)
        self.rested.append(self.resident())
        with self.gate:
            self.closed = False
            self.gate.notify_all()

    def watch(self):
        """Until the end."""
        while time.monotonic() < self.end:
            time.sleep(min(0.5, max(0, self.end - time.monotonic())))
            self.memory.append(self.resident())
            n = int(self.server.query(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type ="
                " 'client backend' AND pid <> pg_backend_pid()")[0][0])
            self.connections = max(self.connections, n)
            if not self.rested and \
                    time.monotonic() > self.began + self.args.seconds / 3:
                self.rest()

    def run(self):
        self.workers = self.server.workers()
        self.began = time.monotonic()
        self.end = self.began + self.args.seconds
        visitors = [Visitor(self, i) for i in range(self.args.clients)]
        for v in visitors:
            v.start()
        self.watch()
        for v in visitors:
            v.join(LONGEST + 10)
            if v.is_alive():
                self.complain("%s never came to an end" % v.what.__name__)
        self.rested.append(self.resident())
        return visitors

    def grown(self):
        return self.rested[-1] - self.rested[0]

    def look(self, visitors):
        s = self.server
        counted = collections.Counter()
        for v in visitors:
            counted.update(v.counted)
        for name, n in s.query("SELECT name, n FROM counter"):
            if counted[name] != int(n):
                self.complain("%s is %s, and %d were acknowledged" % (
                    name, n, counted[name]))
        if s.query("SELECT count(*) FROM dry") != [["0"]]:
            self.complain("a dry run or a failed batch left rows")
        def quiet():
            return not s.query(
                "SELECT query FROM pg_stat_activity WHERE backend_type ="
                " 'client backend' AND pid <> pg_backend_pid()"
                " AND state <> 'idle'")
        try:
            until("sessions to be idle", quiet, 10)
        except TimeoutError as e:
            self.complain(str(e))
        if s.workers() != self.workers:
            self.complain("workers were replaced")
        if self.connections > CONNECTIONS:
            self.complain("%d connections to PostgreSQL" % self.connections)
        if self.args.growth and self.grown() > self.args.growth:
            self.complain("acdbd grew by %.1f MiB" % self.grown())
        status = s.stop()
        if status != 0:
            self.complain("acdbd ended with %s" % status)
        found = re.search("(?:.*(?:Sanitizer|runtime error|ended unexp)"
                          "(?:.*\n){0,40})", s.log())
        if found:
            self.complain(found.group(0))

    def tell(self, visitors):
        seen = sum((v.seen for v in visitors), collections.Counter())
        total = sum(seen.values())
        print("# %d clients, %d s: %d answers (%d a second), slowest %.1f s"
              % (self.args.clients, self.args.seconds, total,
                 total / self.args.seconds, max(v.slowest for v in visitors)))
        for (status, title), n in sorted(seen.items()):
            print("#   %d %s: %d" % (status, title, n))
        print("# at most %d connections to PostgreSQL of %d"
              % (self.connections, CONNECTIONS))
        n = max(1, len(self.memory) // 6)
        print("# acdbd has %.1f MiB after a third of the time and %.1f at the"
              " end, %+.1f; under load %.0f to %.0f, in the mean of each sixth:"
              " %s" % (self.rested[0], self.rested[-1], self.grown(),
                       min(self.memory), max(self.memory), ", ".join(
                           "%.0f" % (sum(m) / len(m)) for m in (
                               self.memory[i * n:(i + 1) * n]
                               for i in range(6)) if m)))
        kinds = collections.Counter(c.split(":")[0] for c in self.complaints)
        for kind, n in kinds.most_common(SHOWN):
            print("# %d times: %s" % (n, kind))
        for text in self.complaints[:SHOWN]:
            print("not ok - " + text[:2000].replace("\n", "\n#   "))
        print("soak: %s" % ("nothing to complain of" if not self.complaints
              else "%d complaints" % len(self.complaints)))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--clients", type=int, default=200)
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--growth", type=float, default=0)
    soak = Soak(p.parse_args())
    NAMED.update(dict.fromkeys(named()))
    try:
        soak.prepare()
        visitors = soak.run()
        soak.look(visitors)
    finally:
        soak.server.remove()
    soak.tell(visitors)
    return 1 if soak.complaints else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Lost as e:
        sys.exit("soak: %s" % e)

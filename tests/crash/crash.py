#!/usr/bin/env python3
"""Exactly once, although everything is killed.

usage: crash.py [--kills N] [--clients N] [--seed N] [--keep]

Clients write through acdbd, each write with an Idempotency-Key, and ask
again until they have a definite answer.  Meanwhile acdbd's master, a worker,
PostgreSQL's postmaster or one of its processes is ended by SIGKILL, N times
at random instants, and between these sessions are cancelled and terminated as
an administrator would.  Then it is looked at what came of it: no write lost,
none doubled, no answered call and no effect without its audit row, and every
key replayed with the same bytes.
"""
import argparse
import collections
import os
import random
import re
import select
import signal
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, "live"))
from live import Client, Lost, Server, children, kill, until  # noqa: E402

EXECUTE, BATCH, RPC = "/v1/sql/execute", "/v1/sql/batch", "/v1/rpc/call"
COUNTERS = ["c%d" % i for i in range(4)]

SETUP = [
    "CREATE TABLE entry (op text NOT NULL, part text NOT NULL,"
    " at timestamptz NOT NULL DEFAULT now())",
    "CREATE TABLE tenant_entry (workspace_id uuid NOT NULL, op text NOT NULL,"
    " at timestamptz NOT NULL DEFAULT now())",
    "CREATE TABLE counter (name text PRIMARY KEY, n bigint NOT NULL)",
    "INSERT INTO counter VALUES " +
    ", ".join("('%s', 0)" % c for c in COUNTERS),
    "CREATE TABLE uniq (i int PRIMARY KEY)",
    "INSERT INTO uniq VALUES (1)",
    "CREATE TABLE quiet (i int)",
    "CREATE FUNCTION put(text) RETURNS text LANGUAGE sql VOLATILE"
    " AS 'INSERT INTO entry (op, part) VALUES ($1, ''f'') RETURNING op'",
]
PROCEDURE = {
    "role": "dbuser",
    "args_schema": {"type": "object"},
    "sql": "INSERT INTO entry (op, part) SELECT $1::json->>'op', 'r'"
           " RETURNING op",
}


class Op:
    """One thing that a client wants done, once."""

    def __init__(self, id_, kind, path, body, parts=(), counter=None,
                 keyed=True):
        self.id, self.kind, self.path, self.body = id_, kind, path, body
        self.parts, self.counter, self.keyed = parts, counter, keyed
        self.attempts = 0
        self.final = None       # the definite answer
        self.effect = None      # True, False; None: may be either

    def headers(self):
        self.attempts += 1
        rid = "%s.%d" % (self.id, self.attempts)
        h = [("X-Request-Id", rid)]
        if self.keyed:
            h.append(("Idempotency-Key", self.id))
        return rid, h


def one(sql, *params, **more):
    return dict({"sql": sql, "params": list(params)}, **more)


def make_op(rng, id_):
    kind = rng.choices(
        ["insert", "tenant", "counter", "batch", "serial", "function",
         "procedure", "duplicate", "zero", "dry", "keyed read", "read",
         "plain", "plain function", "vacuum"],
        [22, 8, 16, 12, 4, 6, 6, 4, 3, 2, 4, 6, 6, 2, 1])[0]
    counter = rng.choice(COUNTERS)
    put = "INSERT INTO entry (op, part) VALUES ($1, $2)"
    add = "UPDATE counter SET n = n + 1 WHERE name = $1 RETURNING n"
    if kind == "insert":
        return Op(id_, kind, EXECUTE, one(put, id_, "i"), ["i"])
    if kind == "tenant":
        return Op(id_, kind, EXECUTE, one(
            "INSERT INTO tenant_entry (op) VALUES ($1)"
            " RETURNING op, workspace_id, at", id_), ["t"])
    if kind == "counter":
        return Op(id_, kind, EXECUTE, one(add, counter), [], counter)
    if kind in ("batch", "serial"):
        body = {"statements": [one(put, id_, "a"), one(add, counter),
                               one("SELECT count(*) FROM uniq"),
                               one(put + " RETURNING *", id_, "b")]}
        if kind == "serial":
            body["isolation"] = "serializable"
        return Op(id_, kind, BATCH, body, ["a", "b"], counter)
    if kind == "function":
        return Op(id_, kind, EXECUTE, one("SELECT put($1)", id_), ["f"])
    if kind == "procedure":
        return Op(id_, kind, RPC,
                  {"procedure": "put_entry", "args": {"op": id_}}, ["r"])
    if kind == "duplicate":
        return Op(id_, kind, BATCH, {"statements": [
            one(put, id_, "x"), one("INSERT INTO uniq VALUES (1)")]})
    if kind == "zero":
        return Op(id_, kind, EXECUTE,
                  one("INSERT INTO entry SELECT $1, (1 / 0)::text", id_))
    if kind == "dry":
        return Op(id_, kind, EXECUTE, one(put, id_, "d", dry_run=True))
    if kind == "keyed read":
        return Op(id_, kind, EXECUTE,
                  one("SELECT $1::text, now(), random()", id_))
    if kind == "read":
        return Op(id_, kind, EXECUTE,
                  one("SELECT $1::text, now()", id_), keyed=False)
    if kind == "plain":
        return Op(id_, kind, EXECUTE, one(put, id_, "p"), ["p"],
                  keyed=False)
    if kind == "plain function":
        return Op(id_, kind, EXECUTE, one("SELECT put($1)", id_), ["f"],
                  keyed=False)
    return Op(id_, kind, EXECUTE, one("VACUUM quiet"))


# The status that a definite answer has to have, by kind.
WANTED = collections.defaultdict(lambda: [200], {
    "duplicate": [409], "zero": [400], "vacuum": [200, 409]})


def passing(answer):
    """Whether the same call again may fare better."""
    if answer.status in (429, 503, 408):
        return True
    return bool(answer.problem().get("retryable"))


def unknown(answer):
    return answer.problem().get("title") == "outcome_unknown"


class Worker(threading.Thread):
    """A client: one thing after the other, each until it is answered."""

    def __init__(self, run, index):
        super().__init__(daemon=True)
        self.run_, self.index = run, index
        self.rng = random.Random("%d/%d" % (run.seed, index))
        self.client = Client(run.server, run.key)
        self.twin = Client(run.server, run.key)
        self.ops, self.answered = [], []
        self.lost = self.again = 0
        self.error = None

    def run(self):
        try:
            while not self.run_.stop.is_set():
                id_ = "o%d-%d" % (self.index, len(self.ops))
                op = make_op(self.rng, id_)
                if op.kind == "vacuum":
                    self.client.key = self.twin.key = self.run_.admin
                self.ops.append(op)
                self.carry_out(op)
                self.client.key = self.twin.key = self.run_.key
                self.run_.done += 1
        except Exception as e:
            self.error = e
            raise

    def carry_out(self, op):
        if not op.keyed and op.parts:
            self.try_once(op)
            return
        while op.final is None:
            chance = self.rng.random()
            if chance < 0.04:
                self.hang_up(op)
            elif chance < 0.10 and op.keyed:
                self.twice(op)
            else:
                self.note(op, *self.ask(self.client, op))
            if op.final is None:
                # No faster than a client with manners.
                time.sleep(self.rng.uniform(0.005, 0.05))

    def ask(self, client, op):
        rid, headers = op.headers()
        try:
            return rid, client.call("POST", op.path, op.body, headers)
        except Lost:
            return rid, None

    def note(self, op, rid, answer):
        """What an answer means."""
        if answer is None:
            self.lost += 1
            return
        problem = answer.problem()
        self.answered.append((rid, answer.status, problem.get("title")))
        if passing(answer):
            self.again += 1
            return
        # Outside a transaction a claim without its end may still have one.
        if op.kind == "vacuum" and op.final is not None:
            if unknown(answer):
                return
            if unknown(op.final):
                op.final = None
        if op.final is not None and (op.final.status != answer.status or
                                     op.final.body != answer.body):
            self.run_.complain("two answers to %s: %r and %r" % (
                rid, op.final, answer))
        op.final = answer
        op.effect = answer.status == 200 and bool(op.parts or op.counter)
        if answer.status not in WANTED[op.kind]:
            self.run_.complain("%s (%s) was answered %r" % (
                rid, op.kind, answer))

    def try_once(self, op):
        """Without a key there is one attempt; what is said of the outcome
        must be so."""
        rid, answer = self.ask(self.client, op)
        if answer is None:
            self.lost += 1
            return
        problem = answer.problem()
        self.answered.append((rid, answer.status, problem.get("title")))
        op.final = answer
        if answer.status == 200:
            op.effect = True
        elif problem.get("tx") == "unknown":
            self.run_.unknown += 1
        else:
            op.effect = False

    def hang_up(self, op):
        """Ask, and go away before or while it is answered."""
        _, headers = op.headers()
        try:
            self.client.send("POST", op.path, op.body, headers)
            select.select([self.client.sock], [], [],
                          self.rng.uniform(0, 0.02))
        except OSError:
            pass
        self.client.close()

    def twice(self, op):
        """Ask on two connections at the same time."""
        rid, headers = op.headers()
        try:
            self.twin.send("POST", op.path, op.body, headers)
        except OSError:
            self.twin.close()
            return
        self.note(op, *self.ask(self.client, op))
        try:
            self.note(op, rid, self.twin.receive())
        except OSError:
            self.lost += 1
            self.twin.close()


def is_session(pid):
    """Of acdbd's, not a process of PostgreSQL's own."""
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            title = f.read()
    except OSError:
        return False
    return b"acdb_dp_" in title or b"agentcoopdb_gateway" in title


class Run:
    def __init__(self, args):
        self.args, self.seed = args, args.seed
        self.rng = random.Random(self.seed)
        self.stop = threading.Event()
        self.done = self.unknown = self.disturbed = 0
        self.complaints = []
        self.killed = collections.Counter()
        self.server = Server({
            "AGENTCOOPDB_WORKERS": "2",
            "AGENTCOOPDB_LOG_LEVEL": "warn",
        })

    def complain(self, text):
        self.complaints.append(text)
        print("# " + text, flush=True)

    def set_up(self):
        self.server.start()
        self.admin = self.server.mint("dbadmin")
        self.key = self.server.mint("dbuser")
        client = Client(self.server, self.admin)
        for text in SETUP:
            answer = client.sql(text)
            assert answer.status == 200, answer
        answer = client.call("PUT", "/v1/rpc/put_entry", PROCEDURE)
        assert answer.status in (200, 201), answer
        client.close()

    # Killing.

    def victims(self):
        """What there is to kill, each by its name."""
        postmaster = self.server.postmaster()
        found = [("master", self.server.process.pid)]
        found += [("worker", p) for p in self.server.workers()]
        if postmaster is not None:
            found.append(("postmaster", postmaster))
            found += [("backend", p) for p, _ in children(postmaster)]
        return found

    def kill_one(self):
        what = self.rng.choices(
            ["master", "worker", "postmaster", "backend"],
            [20, 25, 25, 30])[0]
        pids = [p for name, p in self.victims() if name == what]
        if not pids or not kill(self.rng.choice(pids)):
            return False
        if what == "master":
            self.server.process.wait()
        self.killed[what] += 1
        return True

    def disturb(self):
        """A session of acdbd's is cancelled, or told to end."""
        sessions = [p for name, p in self.victims()
                    if name == "backend" and is_session(p)]
        if sessions:
            how = self.rng.choice([signal.SIGINT, signal.SIGTERM])
            self.disturbed += kill(self.rng.choice(sessions), how)

    def progress(self, n):
        """n more operations are over, or the run is stuck."""
        want = self.done + n

        def moved():
            for w in self.workers:
                if w.error is not None:
                    raise RuntimeError("a client failed: %r" % w.error)
            if not self.server.alive():
                self.server.launch()
            return self.done >= want
        until("operations to be carried out", moved, 90)

    def kill_all(self):
        began = time.monotonic()
        while self.killed.total() < self.args.kills:
            # Mostly under load, sometimes while it is coming back.
            if self.rng.random() < 0.85:
                self.progress(self.rng.randint(1, 20))
                for _ in range(self.rng.choice([0, 0, 1, 5, 20])):
                    self.disturb()
                    time.sleep(self.rng.uniform(0, 0.005))
                self.progress(self.rng.randint(1, 20))
            time.sleep(self.rng.uniform(0, 0.05))
            if not self.server.alive():
                self.server.launch()
            if self.kill_one() and self.killed.total() % 25 == 0:
                print("# %d kills, %d operations, %d s" % (
                    self.killed.total(), self.done,
                    time.monotonic() - began), flush=True)

    def load(self):
        self.workers = [Worker(self, i) for i in range(self.args.clients)]
        for w in self.workers:
            w.start()
        self.kill_all()
        self.progress(20)
        self.stop.set()
        self.server.start()
        for w in self.workers:
            w.join(90)
            if w.is_alive():
                raise RuntimeError("client %d has no answer to %s" % (
                    w.index, w.ops[-1].id))
        until("transactions to end", lambda: self.server.query(
            "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE"
            " 'acdb\\_dp\\_%' AND state <> 'idle'") == [["0"]])

    # Looking at what came of it.  Each yields what is wrong.

    def ops(self):
        return (op for w in self.workers for op in w.ops)

    def check_definite(self):
        for op in self.ops():
            if op.final is None and (op.keyed or not op.parts):
                yield "%s was never answered" % op.id

    def check_entries(self):
        found = collections.Counter()
        for op, part in self.server.query(
                "SELECT op, part FROM public.entry UNION ALL"
                " SELECT op, 't' FROM public.tenant_entry"):
            found[op, part] += 1
        for op in self.ops():
            n = [found.pop((op.id, part), 0) for part in op.parts]
            if op.effect is None:
                right = n in ([0] * len(n), [1] * len(n))
            else:
                right = n == [int(op.effect)] * len(n)
            if not right:
                yield "%s (%s) is there %s times, its answer was %r" % (
                    op.id, op.kind, n, op.final)
        for (op, part), n in found.items():
            yield "%s %s is there %d times" % (op, part, n)

    def check_counters(self):
        said = collections.defaultdict(list)
        for op in self.ops():
            if op.counter and op.effect:
                j = op.final.json()
                rows = (j["results"][1] if "results" in j else j)["rows"]
                said[op.counter].append(rows[0][0])
        for name, n in self.server.query("SELECT name, n FROM public.counter"):
            if sorted(said[name]) != list(range(1, int(n) + 1)):
                yield "%s is %s, %d additions were answered" % (
                    name, n, len(said[name]))

    def check_audit(self):
        rows = {rid for rid, in self.server.query(
            "SELECT DISTINCT request_id FROM acdb.audit_logs")}
        for w in self.workers:
            for rid, status, title in w.answered:
                if status in (503, 429) or title == "outcome_unknown":
                    continue
                if rid not in rows:
                    yield "%s was answered %d and has no audit row" % (
                        rid, status)

    def check_effects_audited(self):
        """In the very transaction: both have its time."""
        for op, n in self.server.query(
                "SELECT e.op, count(a.id) FROM (SELECT op, at FROM"
                " public.entry UNION SELECT op, at FROM public.tenant_entry)"
                " e LEFT JOIN acdb.audit_logs a ON a.created_at = e.at AND"
                " split_part(a.request_id, '.', 1) = e.op AND a.status = 200"
                " GROUP BY e.op HAVING count(a.id) <> 1"):
            yield "%s has %s audit rows in its transaction" % (op, n)

    def replay(self, ops, wrong):
        user = Client(self.server, self.key)
        admin = Client(self.server, self.admin)
        for op in ops:
            client = admin if op.kind == "vacuum" else user
            try:
                answer = client.call("POST", op.path, op.body,
                                     op.headers()[1])
            except Lost as e:
                wrong.append("%s: no answer to the replay: %s" % (op.id, e))
                continue
            if unknown(op.final) and op.kind == "vacuum" and (
                    unknown(answer) or answer.status == 200):
                continue
            if answer.status != op.final.status or (
                    answer.headers.get("x-idempotent-replayed") != "true" or
                    answer.body != op.final.body):
                wrong.append("%s (%s) was %r, is %r, replayed %s" % (
                    op.id, op.kind, op.final, answer,
                    answer.headers.get("x-idempotent-replayed")))
        user.close()
        admin.close()

    def check_replays(self):
        ops = [op for op in self.ops() if op.keyed and op.final]
        wrong, n = [], self.args.clients
        threads = [threading.Thread(target=self.replay,
                                    args=(ops[i::n], wrong))
                   for i in range(n)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        yield from wrong
        yield from self.check_entries()     # and nothing was done again

    def check_answers(self):
        yield from self.complaints

    def check_log(self):
        """Nothing died but what was killed; or what PostgreSQL gave up
        itself, when its recovery from a kill took it more than five
        seconds."""
        gave_up = self.server.database_log().count(
            "shutting down due to startup process failure")
        for line in self.server.log().splitlines():
            ended = re.search(r"ended unexpectedly.* by=.?(signal|status)"
                              r" (\d+)", line)
            if ended and ended.groups() == ("status", "1") and gave_up > 0:
                gave_up -= 1
            elif ended and ended.groups() != ("signal", "9"):
                yield line
            elif "Sanitizer" in line or "runtime error" in line:
                yield line

    def verify(self):
        checks = [
            ("every call was answered in the end", self.check_definite),
            ("answers were what they had to be", self.check_answers),
            ("no write is lost, none doubled", self.check_entries),
            ("counters are exact", self.check_counters),
            ("every answered call has its audit row", self.check_audit),
            ("every effect has its audit row in its transaction",
             self.check_effects_audited),
            ("every key is replayed to the byte", self.check_replays),
            ("nothing ended but what was killed", self.check_log),
        ]
        bad = 0
        print("1..%d" % len(checks))
        for i, (name, check) in enumerate(checks):
            wrong = list(check())
            bad += bool(wrong)
            print("%sok %d - %s" % ("not " if wrong else "", i + 1, name))
            for text in wrong[:20]:
                print("# " + text)
            if len(wrong) > 20:
                print("# ... and %d more" % (len(wrong) - 20))
        return bad

    def tell(self, began):
        kinds = collections.Counter(op.kind for op in self.ops())
        print("# %d kills (%s), %d sessions disturbed, in %d s" % (
            self.killed.total(), ", ".join(
                "%s %d" % k for k in sorted(self.killed.items())),
            self.disturbed, time.monotonic() - began))
        print("# %d operations, %d answers, %d asked again, %d lost,"
              " %d unknown" % (
                  sum(kinds.values()),
                  sum(len(w.answered) for w in self.workers),
                  sum(w.again for w in self.workers),
                  sum(w.lost for w in self.workers), self.unknown))
        print("# " + ", ".join("%s %d" % k for k in kinds.most_common()))


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("--kills", type=int, default=300)
    p.add_argument("--clients", type=int, default=8)
    p.add_argument("--seed", type=int, default=int(time.time()))
    p.add_argument("--keep", action="store_true",
                   help="leave the server's directory where something fails")
    args = p.parse_args()
    print("# seed %d" % args.seed, flush=True)
    run = Run(args)
    bad, began = 1, time.monotonic()
    try:
        run.set_up()
        run.load()
        run.tell(began)
        bad = run.verify()
    except Exception as e:
        print("Bail out! %s" % e)
        print(run.server.log()[-3000:])
        raise
    finally:
        if bad and args.keep:
            print("# left: " + run.server.dir)
            run.server.stop()
        else:
            run.server.remove()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

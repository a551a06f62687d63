#!/usr/bin/env python3
"""acdbd where it is roughest: connections lost, cancelled and fought over.

usage: breaks.py [PATTERN...]	run the tests whose names hold a pattern, or
	all of them; TAP
"""
import os
import signal
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from live import Client, Lost, Server, kill, until  # noqa: E402

TESTS = []


def test(f):
    TESTS.append(f)
    return f


def name_of(f):
    return f.__name__.replace("_", " ")


class Fail(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Fail(" ".join(str(w) for w in what))


def status(answer, *wanted):
    check(answer.status in wanted, "wanted", wanted, "found", answer)
    return answer


class Later(threading.Thread):
    """A call on a connection of its own, whose answer comes later."""

    def __init__(self, server, key, *call, **more):
        super().__init__(daemon=True)
        self.client = Client(server, key)
        self.call_, self.more = call, more
        self.answer, self.seconds = None, None
        self.start()

    def run(self):
        began = time.monotonic()
        try:
            self.answer = self.client.call(*self.call_, **self.more)
        except Lost:
            pass
        self.seconds = time.monotonic() - began

    def wait(self, seconds=60):
        self.join(seconds)
        check(not self.is_alive(), "no answer to", self.call_)
        return self.answer


def later(server, key, sql, headers=(), **more):
    return Later(server, key, "POST", "/v1/sql/execute",
                 dict({"sql": sql}, **more), headers=headers)


def backend(server, like):
    """The process that runs a statement like that, once it does."""
    def look():
        try:
            return server.query(
                "SELECT pid FROM pg_stat_activity WHERE"
                " usename LIKE 'acdb\\_dp\\_%%' AND state = 'active'"
                " AND query LIKE '%s'" % like)
        except RuntimeError:
            return None         # it is coming back
    return int(until("a backend to run " + like, look)[0][0])


def serving(b):
    """Again, behind a loss."""
    def answered():
        c = b.as_user()
        try:
            return c.sql("SELECT 1").status == 200
        except Lost:
            return False
        finally:
            c.close()
    until("calls to be answered", answered)


def ok(client, sql, params=None, **more):
    return status(client.sql(sql, params, **more), 200).json()


class Bench:
    """One server for all tests that need no other: a worker, a pool of two."""

    def __init__(self):
        self.server = Server({"AGENTCOOPDB_WORKERS": "1",
                              "AGENTCOOPDB_DATABASE_MAX_CONNS": "4",
                              "AGENTCOOPDB_LOG_LEVEL": "info"})
        self.server.start()
        self.admin = self.server.mint("dbadmin")
        self.user = self.server.mint("dbuser")
        self.reader = self.server.mint("dbreader")
        a = self.as_admin()
        ok(a, "CREATE TABLE t (i int, v text)")
        ok(a, "CREATE TABLE slow (i int)")
        ok(a, "CREATE TABLE hurry (i int)")
        ok(a, "CREATE TABLE late (i int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        ok(a, "CREATE FUNCTION wait_at_end() RETURNS trigger"
              " LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT FROM hurry)"
              " THEN PERFORM pg_sleep(20); END IF; RETURN NULL; END $$")
        ok(a, "CREATE CONSTRAINT TRIGGER at_end AFTER INSERT ON slow"
              " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
              " WHEN (NEW.i > 0) EXECUTE FUNCTION wait_at_end()")
        ok(a, "CREATE FUNCTION write_slow(int) RETURNS int LANGUAGE sql"
              " VOLATILE AS 'INSERT INTO slow VALUES ($1) RETURNING i'")
        a.close()

    def as_admin(self):
        return Client(self.server, self.admin)

    def as_user(self):
        return Client(self.server, self.user)


@test
def a_batch_of_any_isolation_goes_behind_a_write(b):
    c = b.as_user()
    for i in range(4):
        ok(c, "INSERT INTO t VALUES ($1)", [i])
        for isolation in ("serializable", "repeatable read"):
            status(c.call("POST", "/v1/sql/batch", {
                "isolation": isolation,
                "statements": [{"sql": "SELECT count(*) FROM t"}]}), 200)


@test
def duplicates_of_a_serializable_batch_wait_and_replay(b):
    body = {"isolation": "serializable", "statements": [
        {"sql": "INSERT INTO t VALUES (7001)"},
        {"sql": "SELECT pg_sleep(0.3)"}]}
    headers = [("Idempotency-Key", "serial-1")]
    calls = [Later(b.server, b.user, "POST", "/v1/sql/batch", body, headers)
             for _ in range(2)]
    answers = [status(c.wait(), 200) for c in calls]
    check(answers[0].body == answers[1].body, answers)
    check(b.server.query("SELECT count(*) FROM public.t WHERE i = 7001") ==
          [["1"]], "not once")


@test
def another_role_gets_a_connection_as_soon_as_one_is_idle(b):
    ok(Client(b.server, b.reader), "SELECT 1")
    calls = [later(b.server, b.user, "SELECT pg_sleep(0.2)")
             for _ in range(2)]
    until("both to be busy", lambda: b.server.metric(
        "pool_connections_busy") == 2)
    call = later(b.server, b.reader, "SELECT 1")
    status(call.wait(), 200)
    check(call.seconds < 1.5, "waited", call.seconds)
    for c in calls:
        status(c.wait(), 200)


def lose_at_end(b, sql, how, headers=(), where="COMMIT%"):
    """The answer to a call whose backend ends while it commits."""
    call = later(b.server, b.user, sql, headers)
    pid = backend(b.server, where)
    if how == signal.SIGKILL:
        kill(pid, how)
    else:
        b.server.query("SELECT pg_terminate_backend(%d)" % pid)
    answer = call.wait()
    serving(b)
    return answer


@test
def a_commit_that_was_lost_is_an_unknown_outcome(b):
    for how in (signal.SIGKILL, signal.SIGTERM):
        for sql in ("INSERT INTO slow VALUES (1)",
                    "INSERT INTO slow VALUES (1) RETURNING i",
                    "SELECT write_slow(1)"):
            a = status(lose_at_end(b, sql, how), 409)
            p = a.problem()
            check(p["title"] == "outcome_unknown" and p["tx"] == "unknown",
                  sql, how, a)


@test
def a_lost_commit_under_a_key_is_asked_again(b):
    for how in (signal.SIGKILL, signal.SIGTERM):
        headers = [("Idempotency-Key", "lost-%d" % how)]
        sql = "INSERT INTO slow VALUES (%d)" % (1000 + how)
        a = status(lose_at_end(b, sql, how, headers, "SET CONSTRAINTS%"), 503)
        check(a.problem()["tx"] == "unknown" and "retry-after" in a.headers,
              a)
        ok(b.as_admin(), "INSERT INTO hurry VALUES (1)")
        a = status(later(b.server, b.user, sql, headers).wait(), 200)
        check("x-idempotent-replayed" not in a.headers, a.headers)
        again = status(later(b.server, b.user, sql, headers).wait(), 200)
        check(again.headers["x-idempotent-replayed"] == "true" and
              again.body == a.body, again)
        ok(b.as_admin(), "DELETE FROM hurry")
        n = b.server.query("SELECT count(*) FROM public.slow WHERE i = %d" %
                           (1000 + how))
        check(n == [["1"]], n)


@test
def a_failure_at_the_very_end_is_stored_too(b):
    c = b.as_user()
    ok(c, "INSERT INTO late VALUES (1)")
    for more in ("", " RETURNING i"):
        body = {"sql": "INSERT INTO late VALUES (1)" + more}
        headers = [("Idempotency-Key", "late-%d" % len(more))]
        first = status(c.call("POST", "/v1/sql/execute", body, headers), 409)
        check(first.problem()["title"] == "unique_violation", first)
        again = status(c.call("POST", "/v1/sql/execute", body, headers), 409)
        check(again.body == first.body and
              again.headers.get("x-idempotent-replayed") == "true", again)


@test
def what_code_leaves_in_a_session_is_met_by_nobody(b):
    """Also where a read that changes nothing comes in between."""
    a = b.as_admin()
    for name, text in (("role", "SET ROLE dbuser"), ("listen", "LISTEN ears"),
                       ("hold", "DECLARE kept CURSOR WITH HOLD FOR SELECT 1"),
                       ("set", "SET statement_timeout = 1")):
        ok(a, "CREATE FUNCTION leave_%s() RETURNS int LANGUAGE plpgsql AS"
              " $$ BEGIN EXECUTE '%s'; RETURN 1; END $$" % (name, text))
        for between in (0, 1, 2):
            c = b.as_user()
            pid = ok(c, "INSERT INTO t SELECT leave_%s() RETURNING"
                        " pg_backend_pid()" % name)["rows"]
            for _ in range(between):
                ok(c, "SELECT 1")
            for text in ("SELECT 2", "INSERT INTO t VALUES (2)",
                         "SELECT current_setting('role')"):
                ok(c, text)
            found = ok(c, "SELECT pg_backend_pid(),"
                          " current_setting('statement_timeout')")["rows"]
            check(found == [[pid[0][0], "5s"]], name, between, found, pid)
            ok(a, "NOTIFY ears")
            ok(c, "SELECT 3")
            again = ok(c, "SELECT pg_backend_pid()")["rows"]
            check(again == pid, name, between, "closed: it listened")
            c.close()


@test
def a_column_of_another_type_is_noticed(b):
    """Although statements were prepared when it had the old one."""
    a, c = b.as_admin(), b.as_user()
    ok(a, "CREATE TABLE n (i int, a int[])")
    insert = "INSERT INTO n VALUES ($1, $2)"
    for _ in range(4):
        ok(c, insert, [1, [1]])
        ok(c, "SELECT count(*) FROM n WHERE i = $1", [1])
    ok(a, "ALTER TABLE n ALTER COLUMN i TYPE bigint")
    ok(c, insert, [3000000000, [1]])
    status(c.sql(insert, ["x", [1]]), 400)
    ok(a, "ALTER TABLE n ALTER COLUMN i TYPE text,"
          " ALTER COLUMN a TYPE text[] USING a::text[]")
    found = ok(c, "SELECT count(*) FROM n WHERE i = $1", ["3000000000"])
    check(found["rows"] == [[1]], found)
    for i in range(3):
        a2 = c.call("POST", "/v1/sql/execute", {
            "sql": insert, "params": ["abc", ["x"]]},
            [("Idempotency-Key", "type-%d" % i)])
        status(a2, 200)
    check(b.server.query("SELECT count(*) FROM public.n") == [["8"]],
          "not once each")


@test
def a_role_that_was_dropped_spoils_no_session(b):
    a = b.as_admin()
    for _ in range(2):
        ok(a, "CREATE ROLE passing")
        c = Client(b.server, b.server.mint("passing"))
        for _ in range(3):
            ok(c, "SELECT 1")
        ok(a, "DROP ROLE passing")
        for _ in range(2):
            status(c.sql("SELECT 1"), 403)
        c.close()


@test
def code_that_catches_its_cancel_ends_all_the_same(b):
    loop = ("DO $$ BEGIN %sLOOP BEGIN PERFORM pg_sleep(%d);"
            " EXCEPTION WHEN query_canceled THEN END; END LOOP; END $$")
    for n, more in ((60, ""), (62, "SET client_connection_check_interval = 0;"
                                   " SET statement_timeout = 0; "), (61, "")):
        call = later(b.server, b.admin, loop % (more, n), timeout_ms=1000)
        pid = backend(b.server, "%%pg_sleep(%d)%%" % n)
        if n == 61:
            kill(b.server.workers()[0])
            call.wait()
        else:
            a = status(call.wait(), 408)
            check(a.problem()["tx"] == "rolled_back", a)
        until("it to end", lambda: b.server.query(
            "SELECT pid FROM pg_stat_activity WHERE pid = %d" % pid) == [],
            10)
    serving(b)


@test
def a_call_lost_before_its_commit_is_rolled_back(b):
    for how in (signal.SIGKILL, signal.SIGTERM):
        call = later(b.server, b.user,
                     "INSERT INTO t SELECT 3 FROM pg_sleep(20) RETURNING i")
        pid = backend(b.server, "INSERT INTO t SELECT 3%")
        kill(pid, how)
        a = status(call.wait(), 503)
        check(a.problem()["tx"] == "rolled_back", a)
        serving(b)


@test
def a_cancel_that_was_stuck_hits_nobody_else(b):
    """Its request lies in the postmaster's queue for longer than anybody
    waits for it, and is read when another statement runs there."""
    c = b.as_user()
    ok(c, "SELECT 1")
    postmaster = b.server.postmaster()
    call = b.as_user()
    call.send("POST", "/v1/sql/execute", {"sql": "SELECT pg_sleep(1)"})
    backend(b.server, "SELECT pg_sleep(1)%")
    kill(postmaster, signal.SIGSTOP)
    try:
        call.close()
        until("the cancel to be given up", lambda: b.server.metric(
            "pool_connections_busy") == 0, 20)
        calls = [later(b.server, b.user, "SELECT 'after', pg_sleep(3)",
                       timeout_ms=4000) for _ in range(2)]
        until("others to come", lambda: b.server.metric(
            "pool_connections_busy") + b.server.metric("pool_waiting") == 2)
    finally:
        kill(postmaster, signal.SIGCONT)
    for call in calls:
        status(call.wait(), 200)


@test
def a_revocation_holds_everywhere_within_a_second(b):
    """Also on another acdbd, and while one of its calls runs."""
    other = Server({"AGENTCOOPDB_WORKERS": "2"}, beside=b.server)
    try:
        other.start()
        for _ in range(3):
            token = b.server.mint("dbuser")
            clients = [Client(s, token) for s in (b.server, other)
                       for _ in range(4)]
            for c in clients:
                ok(c, "SELECT 1")
            running = later(other, token, "SELECT pg_sleep(1.5)")
            backend(b.server, "SELECT pg_sleep(1.5)%")
            b.server.tool("acdb-keys", "revoke", token.split("_", 2)[2][:16])
            began = time.monotonic()
            for c in clients:
                until("a 401", lambda: c.sql("SELECT 1").status == 401, 5)
            check(time.monotonic() - began < 3, "took too long")
            status(running.wait(), 200)
            for c in clients:
                c.close()
    finally:
        other.stop()
        other.remove()


@test
def a_statement_timeout_of_a_millisecond_is_an_ordinary_thing(b):
    """It may hit anywhere: at the claim, at the statement, at the end."""
    c = b.as_user()
    n = {}
    for i in range(300):
        a = c.call("POST", "/v1/sql/execute", {
            "sql": "INSERT INTO t SELECT 9, repeat('x', 100) FROM"
                   " generate_series(1, $1::int)", "params": [i * 5],
            "timeout_ms": 1}, [("Idempotency-Key", "ms-%d" % i)]
            if i % 2 else ())
        status(a, 200, 408)
        n[a.status] = n.get(a.status, 0) + 1
    check(len(n) == 2, "not both: ", n)
    found = ok(c, "SELECT current_setting('statement_timeout')")["rows"]
    check(found == [["5s"]], found)


@test
def a_batch_at_its_limits(b):
    c = b.as_user()
    for n in (1, 99, 100):
        a = c.call("POST", "/v1/sql/batch", {"statements": [
            {"sql": "INSERT INTO t VALUES ($1, $2) RETURNING *",
             "params": [100, "v" * 3000]}] * n}, [
                 ("Idempotency-Key", "hundred-%d" % n)])
        check(len(status(a, 200).json()["results"]) == n, a)
    status(c.call("POST", "/v1/sql/batch", {"statements": [
        {"sql": "SELECT 1"}] * 101}), 400)
    # A hundred different texts, each prepared, more than are remembered.
    for _ in range(3):
        a = c.call("POST", "/v1/sql/batch", {"statements": [
            {"sql": "SELECT %d, $1::int[]" % i, "params": [[i]]}
            for i in range(100)]})
        rows = [r["rows"] for r in status(a, 200).json()["results"]]
        check(rows == [[[i, [i]]] for i in range(100)], rows)
    # Large answers, each below the limit, together above it.
    a = c.call("POST", "/v1/sql/batch", {"statements": [
        {"sql": "INSERT INTO t VALUES (101, '') RETURNING"
                " repeat('x', 100000)"}] * 100})
    check(status(a, 413).problem()["tx"] == "rolled_back", a)
    check(b.server.query("SELECT count(*) FROM public.t WHERE i = 101") ==
          [["0"]], "not rolled back")


@test
def an_answer_that_cannot_be_given_tells_what_became_of_the_call(b):
    c = b.as_user()
    big = "SELECT repeat('x', 1000000) FROM generate_series(1, 9)"

    def count(i):
        return b.server.query("SELECT count(*) FROM public.slow WHERE i = %d"
                              % i)[0][0]
    for n, (calls, title, stands) in enumerate([
            ([{"sql": "INSERT INTO slow VALUES (%d)"}, {"sql": big}],
             "response_too_large", False),
            ([{"sql": big}, {"sql": "INSERT INTO slow VALUES (%d)"}],
             "response_too_large", False),
            ([{"sql": "SELECT write_slow(%d), repeat('x', 9000000)"}],
             "response_too_large", True),
            ([{"sql": "SELECT write_slow(%d) AS a, 2 AS a",
               "row_format": "object"}], "invalid_input", True),
            ([{"sql": "INSERT INTO slow VALUES (%d) RETURNING i AS a, i AS a",
               "row_format": "object"}], "invalid_input", False),
            ([{"sql": "COPY (INSERT INTO slow VALUES (%d) RETURNING i)"
                      " TO STDOUT"}], "unsupported_statement", False)]):
        i = -n - 1
        calls = [dict(x, sql=x["sql"].replace("%d", str(i))) for x in calls]
        if len(calls) == 1:
            p = c.call("POST", "/v1/sql/execute", calls[0]).problem()
        else:
            p = c.call("POST", "/v1/sql/batch",
                       {"statements": calls}).problem()
        check(p.get("title") == title, calls, p)
        check(p.get("tx", "none") == "committed" if stands else
              p.get("tx") != "committed", calls, p)
        check(count(i) == str(int(stands)), calls, p, count(i))


def quiet(b):
    """No connection is lent, nobody waits, and calls are answered."""
    until("the pool to be quiet", lambda: b.server.metric(
        "pool_connections_busy") == 0 and b.server.metric(
        "pool_waiting") == 0, 20)
    c = b.as_user()
    for _ in range(4):
        ok(c, "SELECT 1")


def tool(name, sql):
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": name, "arguments": {"sql": sql} if sql else {}}}


@test
def a_client_may_leave_at_any_moment(b):
    calls = [
        ("/v1/sql/execute", {"sql": "SELECT pg_sleep(0.02)"}, False),
        ("/v1/sql/execute", {"sql": "INSERT INTO t VALUES (4) RETURNING i"},
         True),
        ("/v1/sql/execute", {"sql": "SELECT $1::int[], $2::text",
                             "params": [[1, 2], "x"]}, True),
        ("/v1/sql/execute", {"sql": "SELECT repeat('x', 100000) FROM"
                                    " generate_series(1, 60)"}, False),
        ("/v1/sql/batch", {"statements": [{"sql": "SELECT * FROM nowhere"}]},
         False),
        ("/v1/rpc/call", {"procedure": "nothing", "args": {}}, False),
        ("/v1/mcp", tool("sql_query", "SELECT pg_sleep(0.01), 1"), False),
        ("/v1/mcp", tool("sql_execute", "INSERT INTO t VALUES (5)"), False),
        ("/v1/mcp", tool("sql_execute", "DELETE FROM t WHERE i = 5"), False),
        ("/v1/mcp", tool("list_tables", ""), False),
    ]
    n = 0
    for path, body, keyed in calls:
        for step in range(40):
            # A new key now and then: then its lookup is waited for.
            token = b.user if step % 4 else b.user[:-1] + "x"
            c = Client(b.server, token)
            n += 1
            c.send("POST", path, body,
                   [("Idempotency-Key", "leave-%d" % n)] if keyed else
                   [("Content-Type", "application/json")])
            end = time.monotonic() + step * 0.0004
            while time.monotonic() < end:
                pass
            c.close()
    quiet(b)


@test
def parts_of_a_request_and_then_nothing(b):
    whole = (b"POST /v1/sql/execute HTTP/1.1\r\nHost: localhost\r\n"
             b"Authorization: Bearer " + b.user.encode() +
             b"\r\nContent-Length: 18\r\n\r\n{\"sql\":\"SELECT 1\"}")
    for n in range(0, len(whole) + 1, 5):
        c = b.as_user()
        c.connect()
        c.sock.sendall(whole[:n])
        c.close()
    quiet(b)


@test
def many_roles_share_a_pool_of_two(b):
    keys = [b.admin, b.user, b.reader]
    calls = [later(b.server, keys[i % 3], "SELECT pg_sleep(0.02)")
             for i in range(60)]
    for c in calls:
        status(c.wait(), 200)
    slowest = max(c.seconds for c in calls)
    check(slowest < 4.5, "the last one waited", slowest)


@test
def a_storm_of_notifications_is_weathered(b):
    """Of the channel on which keys are told of, by the database's owner."""
    c = b.as_user()
    ok(c, "SELECT 1")
    storm = threading.Thread(target=b.server.query, args=(
        "DO $$ BEGIN FOR i IN 1..60000 LOOP"
        " PERFORM pg_notify('acdb_keys', 'storm' || i); END LOOP; END $$",))
    storm.start()
    n = 0
    while storm.is_alive() or n < 20:
        ok(c, "SELECT 1")
        n += 1
    storm.join()
    token = b.server.mint("dbuser")
    c = Client(b.server, token)
    ok(c, "SELECT 1")
    b.server.tool("acdb-keys", "revoke", token.split("_", 2)[2][:16])
    until("a 401", lambda: c.sql("SELECT 1").status == 401, 1)


def main():
    wanted = [f for f in TESTS if not sys.argv[1:] or
              any(p in name_of(f) for p in sys.argv[1:])]
    bench, bad = Bench(), 0
    print("1..%d" % len(wanted))
    try:
        for i, f in enumerate(wanted):
            began = time.monotonic()
            try:
                f(bench)
                print("ok %d - %s (%.1f s)" % (
                    i + 1, name_of(f), time.monotonic() - began), flush=True)
            except Exception as e:
                bad += 1
                print("not ok %d - %s" % (i + 1, name_of(f)))
                text = str(e) if isinstance(e, Fail) else \
                    traceback.format_exc()
                print("# " + text.replace("\n", "\n# "), flush=True)
        bench.server.stop()
        for line in bench.server.log().splitlines():
            if "Sanitizer" in line or "runtime error" in line or \
                    "signal 11" in line:
                bad += 1
                print("not ok - " + line)
    finally:
        bench.server.remove()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

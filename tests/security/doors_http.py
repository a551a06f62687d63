"""HTTP as it should not be spoken, headers that claim, passwords that were
stolen, and what all of it leaves in the log and in the metrics."""

import json
import os
import re
import subprocess
import time
import zlib

import server
from door import BODIES, LIVES, SLOW, SQL, Doors, Raw, head, key_id, \
    request, statuses
from server import WS


class Framing(Doors):
    def smuggled(self, name, lines, body):
        """One answer, a refusal, and the connection ends: what comes behind
        is nobody's request."""
        c = Raw(self.srv, 4)
        inner = request(self.b.token, BODIES)
        c.send(head(self.a.token, *lines) + body + inner)
        got, closed = c.rest()
        c.close()
        if b"B-SECRET" in got:
            return "%s: the smuggled request was answered" % name
        if not statuses(got) or any(s < 400 for s in statuses(got)):
            return "%s: answered %s" % (name, statuses(got))
        if not closed:
            return "%s: the connection stays open" % name
        return None

    def test_smuggling(self):
        chunked = "Transfer-Encoding: chunked"
        zero = b"0\r\n\r\n"
        cases = {
            "CL.TE": (["Content-Length: 5", chunked], zero),
            "TE.CL": ([chunked, "Content-Length: 5"], zero),
            "CL 0 with TE": (["Content-Length: 0", chunked], zero),
            "two lengths": (["Content-Length: 5", "Content-Length: 0"],
                b"xxxxx"),
            "length list": (["Content-Length: 5, 5"], b"xxxxx"),
            "signed length": (["Content-Length: +5"], b"xxxxx"),
            "hex length": (["Content-Length: 0x5"], b"xxxxx"),
            "negative length": (["Content-Length: -1"], b""),
            "huge length": (["Content-Length: 18446744073709551616"], b""),
            "length with a blank": (["Content-Length: 5 5"], b"xxxxx"),
            "blank before colon": (["Transfer-Encoding : chunked"], zero),
            "unknown coding": (["Transfer-Encoding: xchunked"], zero),
            "coding behind chunked": (["Transfer-Encoding: chunked, "
                "identity"], zero),
            "chunked twice": ([chunked, chunked], zero),
            "coding with a tab": (["Transfer-Encoding:\x0bchunked"], zero),
            "folded coding": (["Transfer-Encoding:\r\n chunked"], zero),
            "bare line feed": (["X: y\nTransfer-Encoding: chunked"], zero),
            "bare carriage return": (["X: y\rTransfer-Encoding: chunked"],
                zero),
            "NUL in a header": (["X: a\0b"], zero),
            "header name with a blank": (["Content-Length x: 5"], b"xxxxx"),
        }
        return [self.smuggled(k, *v) for k, v in cases.items()]

    def test_chunks(self):
        chunked = ["Transfer-Encoding: chunked"]
        cases = {
            "overflow": b"FFFFFFFFFFFFFFFF1\r\nx\r\n0\r\n\r\n",
            "wraps to five": b"10000000000000005\r\n{\"sq\r\n0\r\n\r\n",
            "negative": b"-5\r\nxxxxx\r\n0\r\n\r\n",
            "0x": b"0x5\r\nxxxxx\r\n0\r\n\r\n",
            "blank size": b" \r\nxxxxx\r\n0\r\n\r\n",
            "no line end behind data": b"5\r\nxxxxxx\r\n0\r\n\r\n",
            "bare line feed": b"5\nxxxxx\n0\n\n",
            "endless size": b"0" * 70000,
            "endless extension": b"5;" + b"a" * 70000,
            "too large": b"7fffffff\r\n",
            "trailers without end": b"0\r\n" + b"A: b\r\n" * 9000,
        }
        return [self.smuggled(k, chunked, v) for k, v in cases.items()]

    def test_header_floods(self):
        wrong = []
        for name, lines in (
            ("many", ["X-%d: y" % i for i in range(5000)]),
            ("one long", ["X: " + "y" * 2000000]),
            ("a long path", []),
        ):
            c = Raw(self.srv, 5)
            path = "/" + "a" * 300000 if name == "a long path" else SQL
            try:
                c.send(head(self.a.token, *lines, path=path))
            except OSError:
                pass            # refused before it was all said
            got, closed = c.rest()
            c.close()
            if any(s < 400 for s in statuses(got)) or not closed:
                wrong.append("%s: %s, closed: %s" % (name, statuses(got),
                    closed))
        return wrong

    def test_slow_clients(self):
        """Some that send a byte now and then, others that send half a body:
        all end by the deadlines, and nobody waits for them."""
        slow = [Raw(self.srv) for _ in range(40)]
        for c in slow[:20]:
            c.send(b"POST /v1/sql/execute HTTP/1.1\r\nHost: localh")
        for c in slow[20:]:
            c.send(head(self.a.token, "Content-Length: 100") + b"{")
        began, wrong = time.monotonic(), []
        for _ in range(8):
            a = self.a.execute("SELECT 1")
            if a.status != 200 or a.seconds > SLOW:
                wrong.append("a call among them: %d, %.1f s" % (a.status,
                    a.seconds))
            for c in slow[:20]:
                try:
                    c.send(b"o")
                except OSError:
                    pass
            time.sleep(0.2)
        for c in slow:
            c.s.settimeout(8)
            _, closed = c.rest()
            if not closed:
                wrong.append("a slow client stays")
            c.close()
        took = time.monotonic() - began
        if took > 8 + LIVES:
            wrong.append("the slow ones lived for %.1f s" % took)
        return wrong

    def test_bodies(self):
        """What is checked is what is run."""
        wrong = []
        for name, body in (
            ("sql twice", b'{"sql":"SELECT 1","sql":"DELETE FROM notes"}'),
            ("deep", b'{"sql":"SELECT $1::json","params":[' + b"[" * 200000
                + b"]" * 200000 + b"]}"),
            ("open", b'{"sql":"SELECT 1"'),
            ("behind", b'{"sql":"SELECT 1"}{"sql":"SELECT 2"}'),
            ("not UTF-8", b'{"sql":"SELECT \'\xff\'"}'),
            ("half a pair", b'{"sql":"SELECT \'\\ud800\'"}'),
            ("NUL", b'{"sql":"SELECT 1\\u0000; COMMIT"}'),
            ("BOM", b'\xef\xbb\xbf{"sql":"SELECT 1"}'),
            ("a number", b'{"sql":1}'),
            ("an unknown member", b'{"sql":"SELECT 1","role":"dbadmin"}'),
            ("a batch", b'{"sql":"SELECT 1","statements":[]}'),
        ):
            c = Raw(self.srv)
            c.send(head(self.a.token, "Content-Length: %d" % len(body),
                "Connection: close") + body)
            got, _ = c.rest()
            c.close()
            if not statuses(got) or statuses(got)[0] not in (400, 413):
                wrong.append("%s: %s" % (name, got[-300:]))
        return wrong

    def test_continue(self):
        """100 Continue is for who is known and will be heard."""
        wrong, open_ = [], []
        for token, lines, want in (
            (self.a.token, ["Content-Length: 99999999"], [413]),
            (self.a.token[:-4] + "AAAA", ["Content-Length: 20"], [401]),
            (self.a.token, ["Content-Length: 20"], [100, 408]),
            (self.a.token, ["Transfer-Encoding: chunked"], [100, 408]),
            (self.a.token, ["Content-Length: 20", "Expect: x"], None),
        ):
            c = Raw(self.srv, 5)
            c.send(head(token, "Expect: 100-continue", *lines))
            open_.append((c, lines, want))
        for c, lines, want in open_:
            got, closed = c.rest()
            c.close()
            seen = statuses(got)
            if not closed or seen != want and (want is not None or
                    seen[-1:] and seen[-1] < 400):
                wrong.append("%s: %s, closed: %s" % (lines, seen, closed))
        for expect in ("x", "100-continue, x", "", "200-ok"):
            c = Raw(self.srv, 5)
            c.send(request(self.a.token, "SELECT 1", "Expect: " + expect,
                "Connection: close"))
            got, _ = c.rest()
            c.close()
            if statuses(got)[-1:] not in ([417], [400]) and expect:
                wrong.append("%s: %s" % (expect, statuses(got)))
        return wrong


class Meaning(Doors):
    def test_paths_and_upgrades(self):
        wrong = []
        for path in ("/v1/../v1/sql/execute", "//v1/sql/execute",
                "/v1/sql/execute%00", "/v1/sql/execute/", "/V1/SQL/EXECUTE",
                "/v1/sql/execute;x", "/v1/sql%2fexecute"):
            a = self.a.call("POST", path, {"sql": "SELECT 1"})
            if a.status < 400:
                wrong.append("%s: %d" % (path, a.status))
        for h in ({"Upgrade": "h2c", "Connection": "Upgrade, "
                "HTTP2-Settings"}, {"X-HTTP-Method-Override": "DELETE"},
                {"X-Original-URL": "/metrics"}):
            a = self.a.call("POST", SQL, {"sql": BODIES}, h)
            if a.status != 200 or b"B-SECRET" in a.raw:
                wrong.append("%s: %s" % (h, a.raw[:200]))
        a = self.srv.client("dbuser").call("POST", SQL + "?token="
            + self.b.token, {"sql": BODIES}, {"Authorization": ""})
        if a.status != 401:
            wrong.append("a key in the query: %d" % a.status)
        return wrong

    def test_forwarded_addresses(self):
        token = self.srv.mint("dbuser", "A", "--allow-from",
            "203.0.113.0/24")
        c, wrong = server.Client(self.srv, token), []
        for h in ({}, {"X-Forwarded-For": "203.0.113.5"},
                {"Forwarded": "for=203.0.113.5"},
                {"X-Real-IP": "203.0.113.5"},
                {"X-Forwarded-For": "203.0.113.5, 127.0.0.1"}):
            a = c.execute("SELECT 1", headers=h)
            if a.status < 400:
                wrong.append("%s: %d" % (h, a.status))
        a = self.a.execute("SELECT 1", headers={"X-Forwarded-For":
            "203.0.113.5", "X-Request-Id": "spoof-1"})
        ip = self.srv.super.do("SELECT client_ip FROM acdb.audit_logs "
            "WHERE request_id = 'spoof-1'")
        if ip != ["127.0.0.1"]:
            wrong.append("audited as from %s" % ip)
        return wrong

    def test_request_ids(self):
        """An id that a client chose forges no line and no row."""
        wrong = []
        for rid in ('x" level=error msg="forged', "a b", "x" * 5000,
                "\u00e9", "a\tb", "'; DELETE FROM acdb.audit_logs; --",
                "%s%n", "\x1b[31mred", "{}", ""):
            c = Raw(self.srv)
            c.send(request(self.a.token, "SELECT 1", "X-Request-Id: " + rid,
                "Connection: close"))
            got, _ = c.rest()
            c.close()
            m = re.search(rb"X-Request-Id: ([^\r\n]*)", got)
            if statuses(got) == [400]:
                continue
            if m is None or not re.fullmatch(rb"[!-~]{1,200}", m.group(1)):
                wrong.append("%r: %s" % (rid, got[:300]))
        with open(self.srv.dir + "/acdbd.log", "rb") as f:
            log = f.read()
        for line in log.split(b"\n"):
            if b"\x1b" in line or line.startswith(b"forged") or \
                    b' msg="forged' in line.replace(b'\\"', b""):
                wrong.append("a line of the log: %r" % line)
        return wrong

    def test_audit_of_others(self):
        self.b.execute("SELECT 'B-SECRET statement'")
        wrong = []
        for query in ("", "?limit=1000", "?key_id=" + key_id(self.b.token),
                "?since=2000-01-01T00:00:00Z&limit=1000",
                "?request_id=x", "?cursor=" + "A" * 40,
                "?since=%27%20OR%20true--", "?workspace_id=" + WS["B"]):
            a = self.admin.call("GET", "/v1/audit" + query)
            # What A said itself may name whatever it likes.
            items = (a.json or {}).get("items", [])
            text = json.dumps([dict(x, sql=None) for x in items])
            if "B-SECRET" in text or WS["B"] in text or \
                    key_id(self.b.token) in [x["key_id"] for x in items] or \
                    any(x["sql"] == "SELECT 'B-SECRET statement'" for x in
                    items):
                wrong.append("%s: %s" % (query, text[:300]))
            if a.status >= 500:
                wrong.append("%s: %d" % (query, a.status))
        return wrong

    def test_changed_plans(self):
        """DDL under statements that have names."""
        self.admin.execute("CREATE TABLE wide (workspace_id uuid, a int)")
        wrong = []
        for i in range(6):
            for c in (self.a, self.b):
                c.execute("INSERT INTO wide (a) VALUES ($1)", [i])
                a = c.execute("SELECT * FROM wide")
                if a.status != 200:
                    wrong.append("call %d: %s" % (i, a.raw[:200]))
            if i == 2:
                self.admin.execute("ALTER TABLE wide ADD COLUMN b int")
            if i == 4:
                self.admin.execute("ALTER TABLE wide ALTER a TYPE text")
        a = self.a.execute("SELECT count(*), count(DISTINCT workspace_id) "
            "FROM wide")
        if a.rows != [[6, 1]]:
            wrong.append("rows of a tenant: %s" % a.rows)
        self.admin.execute("DROP TABLE wide")
        return wrong

    def test_codings(self):
        """A coding is undone or refused, and never grows in here."""
        plain, wrong = b'{"sql":"SELECT 1"}', []
        z = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = z.compress(b" " * 300000000) + z.flush()
        for body, lines in ((plain, ["Content-Encoding: gzip"]),
                (bomb, ["Content-Encoding: gzip"]),
                (bomb[:100], ["Content-Encoding: x-gzip"]),
                (plain, ["Content-Encoding: identity, br"]),
                (plain, ["Content-Encoding: "
                    + ", ".join(["gzip"] * 100)])):
            c = Raw(self.srv)
            c.send(head(self.a.token, "Content-Length: %d" % len(body),
                *lines) + body)
            status = c.answer()[0]
            c.close()
            if status != 415:
                wrong.append("%s: %d" % (lines[0][:40], status))
        a = self.a.call("POST", SQL, {"sql": "SELECT 1"},
            {"Content-Encoding": "identity"})
        if a.status != 200:
            wrong.append("identity: %d" % a.status)
        return wrong


class Passwords(Doors):
    def psql(self, user, password, sql, database="agentcoopdb"):
        env = dict(os.environ, PGPASSWORD=password)
        bindir = subprocess.run([server.LOCAL + "pg-bindir.sh"], text=True,
            check=True, capture_output=True).stdout.strip()
        r = subprocess.run([bindir + "/psql", "-XqAt", "-v",
            "ON_ERROR_STOP=1", "-h", self.srv.dir + "/db/run", "-U", user,
            "-d", database, "-c", sql], env=env, capture_output=True,
            stdin=subprocess.DEVNULL, text=True)
        return r.returncode, r.stdout + r.stderr

    def test_stolen_password(self):
        """A data-plane login's password alone reads no tenant's row."""
        wrong = []
        for login in ("acdb_dp_dbuser", "acdb_dp_dbreader"):
            pw, role = self.srv.password(login), login[8:]
            for sql, want in (
                ("SELECT body FROM notes", None),
                ("SET ROLE %s; SELECT count(*) FROM notes" % role, "0"),
                ("SET ROLE %s; SELECT count(*) FROM legacy" % role, "0"),
                ("SET ROLE %s; SET app.workspace_id = '%s'; SELECT count(*) "
                    "FROM legacy" % (role, WS["B"]), "0"),
                ("SET ROLE dbadmin", None),
                ("SET ROLE acdb_owner", None),
                ("SELECT count(*) FROM acdb.api_keys", None),
                ("SELECT count(*) FROM acdb.ctx_key", None),
                ("SELECT count(*) FROM acdb.audit_logs", None),
                ("CREATE TEMP TABLE x (i int)", None),
            ):
                rc, out = self.psql(login, pw, sql)
                if (rc == 0) != (want is not None) or \
                        want is not None and out.strip() != want:
                    wrong.append("%s: %s: %s" % (login, sql, out))
        return wrong

    def test_logins_of_a_keys_making(self):
        self.admin.execute("CREATE ROLE mole LOGIN PASSWORD 'mole'")
        self.admin.execute("CREATE ROLE acdb_dp_mole LOGIN PASSWORD 'mole'")
        wrong = []
        for user in ("mole", "acdb_dp_mole"):
            for database in ("agentcoopdb", "postgres", "template1"):
                rc, out = self.psql(user, "mole", "SELECT 1", database)
                if rc == 0:
                    wrong.append("%s got into %s" % (user, database))
        self.admin.execute("DROP ROLE mole")
        self.admin.execute("DROP ROLE acdb_dp_mole")
        return wrong

    def test_a_changed_password(self):
        """A dbadmin key changes its login's password: the pool comes back by
        itself, and the new password is good for nothing."""
        self.admin.execute("DO $$ BEGIN RESET ROLE; ALTER ROLE CURRENT_USER "
            "PASSWORD 'attacker'; END $$")
        self.srv.super.do("SELECT pg_terminate_backend(pid, 5000) FROM "
            "pg_stat_activity WHERE usename = 'acdb_dp_dbadmin'")
        a = self.admin.execute("SELECT 1")
        rc, _ = self.psql("acdb_dp_dbadmin", "attacker", "SELECT 1")
        wrong = []
        if a.status != 200:
            wrong.append("the next call: %s" % a.raw[:300])
        if rc == 0:
            wrong.append("the attacker's password works")
        return wrong


class Leaks(Doors):
    def secrets(self):
        yield from (c.token[25:] for c in self.srv.clients.values())
        for login in ("agentcoopdb_gateway", "acdb_dp_dbuser",
                "acdb_dp_dbadmin", "acdb_super"):
            yield self.srv.password(login)
        with open(self.srv.dir + "/db/secret") as f:
            yield f.read().strip()

    def test_the_log_tells_no_secret(self):
        """Of all that was done here, at level info."""
        for c in (self.a, self.b):      # some more: in texts and in errors
            c.execute("SELECT 'log-mark'::int, $1", ["log-param"])
            c.execute("SELECT nolog_mark FROM notes")
            c.call("POST", "/v1/log-mark?token=" + c.token)
        with open(self.srv.dir + "/acdbd.log", encoding="latin-1") as f:
            log = f.read()
        wrong = [("%d lines alone" % log.count("\n"))
            if log.count("\n") < 5 else None]
        for mark in (*self.secrets(), "B-SECRET", "A-note", "log-mark",
                "log-param", "nolog_mark", "SELECT '", "FROM notes", "INSERT INTO",
                "BEGIN PRIVATE KEY"):
            if mark in log:
                at = log.index(mark)
                wrong.append("%r: %s" % (mark[:10], log[max(0, at - 200):
                    at + 40]))
        return wrong

    def test_open_doors_tell_nothing(self):
        wrong, marks = [], [*self.secrets(), "B-SECRET", "notes", "SELECT 1",
            WS["A"], WS["B"], self.srv.dir, "127.0.0.1", "acdb_dp_",
            "agentcoopdb_gateway@", *(key_id(c.token) for c in
            self.srv.clients.values())]
        for path in ("/metrics", "/readyz", "/healthz", "/", "/nowhere",
                "/v1/me", "/v1/rpc", "/v1/auth/keys/x"):
            c = server.Client(self.srv, "none")
            for method in ("GET", "HEAD", "OPTIONS", "POST"):
                a = c.call(method, path)
                for mark in marks:
                    if mark in a.text():
                        wrong.append("%s %s tells %r" % (method, path, mark))
        return wrong

    def test_scanners_make_no_series(self):
        def series():
            return self.a.call("GET", "/metrics").raw.count(b"\n")
        before = series()
        for i in range(50):
            self.a.call("GET", "/scan/%d" % i)
            self.a.call("POST", "/v1/rpc/call", {"procedure": "scan%d" % i})
            self.a.call("DELETE", "/v1/auth/keys/scan%d" % i)
        after = series()
        return ["%d lines became %d" % (before, after)] if after > before + \
            40 else []

    def test_a_database_that_is_away_is_not_described(self):
        """Its host, user and error stay in the log."""
        sql, wrong = self.srv.super, []
        sql.do("ALTER ROLE agentcoopdb_gateway NOLOGIN")
        sql.do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
            "usename = 'agentcoopdb_gateway'")
        for path in ("/readyz", "/v1/me"):
            a = self.a.call("GET", path)
            for mark in ("agentcoopdb_gateway", self.srv.dir, "login",
                    "FATAL", "acdb_"):
                if mark in a.text():
                    wrong.append("%s tells %r: %s" % (path, mark, a.raw))
        sql.do("ALTER ROLE agentcoopdb_gateway LOGIN")
        end = time.monotonic() + 20
        while self.a.call("GET", "/readyz").status != 200:
            if time.monotonic() > end:
                return wrong + ["it never comes back"]
            time.sleep(0.05)
        return wrong

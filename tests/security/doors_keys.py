"""Keys: that end, change, are minted and are somebody else's."""

import re
import statistics
import time

import server
from door import ENDS, Doors, Later, Raw, key_id, request, until
from server import WS


class Keys(Doors):
    # Held by every worker within a second, also by connections that are
    # open and have been believed before.

    def pair(self, token):
        """A connection to each of the two workers, both of which remember
        the key; connections go to the worker that has fewer."""
        pair = [Raw(self.srv), Raw(self.srv)]
        for c in pair:
            for _ in range(2):
                c.ask(token, "SELECT 1")
        return pair

    def ends(self, name, change, refused=lambda s, b: s in (401, 403),
            sql="SELECT 1", **wish):
        token = self.token(**wish)
        pair, wrong = self.pair(token), []
        for c in pair:
            status, _, body = c.ask(token, sql)
            if refused(status, body):
                wrong.append("%s: refused before: %s" % (name, body))
        change(key_id(token))
        began = time.monotonic()
        for c in pair:
            def over(c=c):
                status, _, body = c.ask(token, sql)
                return refused(status, body)
            if not until(over, 5):
                wrong.append("%s: still taken after 5 s" % name)
                continue
            took = time.monotonic() - began
            if took > ENDS:
                wrong.append("%s: took %.2f s" % (name, took))
            for _ in range(5):      # and it stays so
                if not over():
                    wrong.append("%s: taken again" % name)
        for c in pair:
            c.close()
        return wrong

    def test_changes_hold_on_every_open_connection(self):
        sql = self.srv.super.do

        def change(what):
            return lambda id_: sql("UPDATE acdb.api_keys SET %s WHERE "
                "key_id = '%s'" % (what, id_))

        wrong = self.ends("revoked over the API", lambda id_:
            self.admin.call("DELETE", "/v1/auth/keys/" + id_))
        wrong += self.ends("revoked in SQL", change("revoked_at = now()"))
        wrong += self.ends("expired in SQL", change("expires_at = now()"))
        wrong += self.ends("bound to a network",
            change("allow_from = '{203.0.113.0/24}'"))
        wrong += self.ends("another secret",
            change("secret_hash = sha256('x')"))
        wrong += self.ends("another env", change("env = 'live'"))
        wrong += self.ends("made read-only", change("read_only = true"),
            lambda s, b: s >= 400, "INSERT INTO notes (body) VALUES ('x')")
        wrong += self.ends("a lesser role", change("pg_role = 'dbreader'"),
            lambda s, b: s >= 400, "INSERT INTO notes (body) VALUES ('x')")
        wrong += self.ends("another workspace", change("workspace_id = '%s'"
            % WS["B"]), lambda s, b: b"A-note" not in b,
            "SELECT body FROM notes ORDER BY body")
        wrong += self.ends("a rate", change("rate_per_second = 0.001, "
            "rate_burst = 1"), lambda s, b: s == 429)
        wrong += self.ends("deleted", lambda id_: sql("DELETE FROM "
            "acdb.api_keys WHERE key_id = '%s'" % id_))
        sql("DELETE FROM notes WHERE body = 'x'")
        return wrong

    def test_expiry_on_an_open_connection(self):
        """Nobody is told of it: the clock alone ends the key."""
        token = self.token(expires_in="1s")
        end = float(self.srv.super.do("SELECT extract(epoch FROM expires_at "
            "- clock_timestamp()) FROM acdb.api_keys WHERE key_id = '%s'"
            % key_id(token))[0]) + time.monotonic()
        pair, last, wrong = self.pair(token), [0, 0], []
        for i, c in enumerate(pair):
            def over(i=i, c=c):
                sent = time.monotonic()
                if c.ask(token, "SELECT 1")[0] == 200:
                    last[i] = sent
                    return False
                return True
            if not until(over, 5):
                wrong.append("it never ends")
            elif last[i] > end + 0.25:
                wrong.append("taken %.2f s behind its end" % (last[i] - end))
            c.close()
        return wrong

    def test_a_revoked_key_makes_no_keys(self):
        """Although a worker has not heard of it yet: its cache is kept in
        the dark here, as a race would for an instant."""
        wrong = []
        for what in ("revoked_at = now()", "expires_at = now()"):
            token = self.token(pg_role="dbadmin")
            c = server.Client(self.srv, token)
            if c.execute("SELECT 1").status != 200:
                wrong.append("not good before")
            self.srv.super.do("BEGIN; SET LOCAL session_replication_role = "
                "replica; UPDATE acdb.api_keys SET %s WHERE key_id = '%s'; "
                "COMMIT" % (what, key_id(token)))
            if c.execute("SELECT 1").status != 200:
                wrong.append("the worker was not in the dark")
            for path, body in (("/v1/auth/keys", {"pg_role": "dbuser"}),
                    ("/v1/auth/keys/rotate", None)):
                a = c.call("POST", path, body)
                if (a.status, a.problem) != (401, "key_inactive"):
                    wrong.append("%s, %s: %d %s" % (what, path, a.status,
                        a.raw[:200]))
        n = self.srv.super.do("SELECT count(*) FROM acdb.api_keys c JOIN "
            "acdb.api_keys p ON p.id = c.created_by WHERE c.created_at > "
            "coalesce(p.revoked_at, p.expires_at)")
        return wrong + ([] if n == ["0"] else ["children: %s" % n])

    def test_rotations_against_a_revocation(self):
        """Many at once: none is answered with a key behind the end."""
        token = self.token()
        made, ended = [], []

        def rotate():
            c = server.Client(self.srv, token)
            while True:
                began = time.monotonic()
                a = c.call("POST", "/v1/auth/keys/rotate")
                if a.status != 200:
                    return a.problem
                made.append((began, a.json["token"]))

        racers = [Later(rotate) for _ in range(4)]
        until(lambda: len(made) >= 4)
        self.admin.call("DELETE", "/v1/auth/keys/" + key_id(token))
        ended = time.monotonic()
        wrong = ["a racer: %s" % r.answer for r in racers
            if r.wait() != "key_inactive"]
        if any(began > ended for began, _ in made):
            wrong.append("rotated behind the revocation")
        return wrong

    # What a key may make.

    def mint(self, token, **wish):
        c = server.Client(self.srv, token)
        a = c.call("POST", "/v1/auth/keys", dict({"pg_role": "dbadmin",
            "rate_per_second": 0}, **wish))
        if c.conn:
            c.conn.close()
        return a

    def of(self, token, column):
        return self.srv.super.do("SELECT %s FROM acdb.api_keys WHERE "
            "key_id = '%s'" % (column, key_id(token)))[0]

    def test_no_key_outlives_who_minted_it(self):
        parent = self.token(pg_role="dbadmin", expires_in="1h")
        wrong, at = [], self.of(parent, "expires_at")
        for wish in ({}, {"expires_in": "10m"}):
            a = self.mint(parent, **wish)
            if a.status != 201 or not self.of(a.json["token"],
                    "expires_at <= '%s'" % at) == "t":
                wrong.append("%s: %d %s" % (wish, a.status,
                    a.status == 201 and self.of(a.json["token"],
                    "expires_at")))
        a = self.mint(parent, expires_in="2h")
        if a.status != 403:
            wrong.append("2h: %d" % a.status)
        child = self.mint(parent).json["token"]
        a = server.Client(self.srv, child).call("POST",
            "/v1/auth/keys/rotate")
        if self.of(a.json["token"], "expires_at = '%s'" % at) != "t":
            wrong.append("a child's rotation: %s" %
                self.of(a.json["token"], "expires_at"))
        # One without an end may give any.
        if self.mint(self.token(pg_role="dbadmin"),
                expires_in="9999d").status != 201:
            wrong.append("one without an end is bound")
        return wrong

    def test_no_key_goes_where_who_minted_it_may_not(self):
        parent = self.token(pg_role="dbadmin", allow_from=["127.0.0.0/30",
            "::1/128"])
        wrong = []
        for nets, want in ((None, 201), (["127.0.0.0/31"], 201),
                (["127.0.0.2/32", "::1/128"], 201), ([], 201),
                (["127.0.0.0/29"], 403), (["127.0.0.1/32", "10.0.0.0/8"],
                403), (["0.0.0.0/0"], 403), (["::/0"], 403)):
            a = self.mint(parent, **({} if nets is None else
                {"allow_from": nets}))
            if a.status != want:
                wrong.append("%s: %d" % (nets, a.status))
        child = self.mint(parent).json["token"]
        c = Raw(self.srv, source="127.0.0.9")
        status = c.ask(child, "SELECT 1")[0]
        c.close()
        if status != 403:
            wrong.append("a child from elsewhere: %d" % status)
        return wrong

    def test_rotation_keeps_every_limit(self):
        token = self.token(pg_role="dbuser", read_only=True,
            allow_from=["127.0.0.0/8"], expires_in="1h", rate_per_second=7,
            rate_burst=9)
        columns = ("(read_only, allow_from, expires_at, rate_per_second, "
            "rate_burst, ungated, pg_role, workspace_id, env)")
        want, wrong = self.of(token, columns), []
        a = server.Client(self.srv, token).call("POST",
            "/v1/auth/keys/rotate", {"read_only": False})
        if a.status == 200 and self.of(a.json["token"], columns) != want:
            wrong.append("with wishes: %s" % self.of(a.json["token"],
                columns))
        a = server.Client(self.srv, token).call("POST",
            "/v1/auth/keys/rotate")
        if a.status != 200 or self.of(a.json["token"], columns) != want:
            wrong.append("%s became %s" % (want, a.raw))
        return wrong

    def test_keys_of_others(self):
        wrong = []
        other = key_id(self.b.token)
        for method, path, body, want in (
            ("DELETE", "/v1/auth/keys/" + other, None, (404,)),
            ("DELETE", "/v1/auth/keys/%27%20OR%201=1--", None, (400, 404)),
            ("POST", "/v1/auth/keys", {"pg_role": "dbadmin",
                "workspace_id": WS["B"]}, (403,)),
            ("POST", "/v1/auth/keys", {"pg_role": "acdb_dp_dbuser"},
                (400,)),
            ("POST", "/v1/auth/keys", {"pg_role": "pg_read_all_data"},
                (400,)),
            ("POST", "/v1/auth/keys", {"pg_role": "acdb_super"}, (400,)),
            ("POST", "/v1/auth/keys", {"pg_role": "acdb_owner"}, (400,)),
            ("POST", "/v1/auth/keys", {"pg_role": "agentcoopdb_gateway"},
                (400,)),
            ("POST", "/v1/auth/keys", {"pg_role": "dbuser\"; DROP ROLE x"},
                (400,)),
        ):
            a = self.admin.call(method, path, body)
            if a.status not in want:
                wrong.append("%s %s %s: %d %s" % (method, path, body,
                    a.status, a.raw[:200]))
        for query in ("", "?limit=1000", "?cursor=" + other,
                "?workspace_id=" + WS["B"]):
            a = self.admin.call("GET", "/v1/auth/keys" + query)
            if other.encode() in a.raw or b"HASH-K" in a.raw:
                wrong.append("another workspace's keys: %s" % query)
        reader = self.token(pg_role="dbadmin", read_only=True)
        for c in (self.a, server.Client(self.srv, reader)):
            for method, path, body in (
                    ("POST", "/v1/auth/keys", {"pg_role": "dbuser"}),
                    ("PUT", "/v1/rpc/x", {"sql": "SELECT 1", "role":
                        "dbuser", "args_schema": {}}),
                    ("DELETE", "/v1/rpc/x", None),
                    ("DELETE", "/v1/auth/keys/" + key_id(self.admin.token),
                        None)):
                a = c.call(method, path, body)
                if a.status != 403:
                    wrong.append("%s %s: %d" % (method, path, a.status))
        for path in ("/v1/auth/keys", "/v1/audit"):
            if self.a.call("GET", path).status != 403:
                wrong.append("dbuser GET %s" % path)
        if self.b.execute("SELECT 1").status != 200:
            wrong.append("the other's key does not work any more")
        return wrong

    def test_headers_with_keys(self):
        """One key, at its place, is the caller's."""
        wrong, a, b = [], self.a.token, self.b.token
        body = b'{"sql":"SELECT body FROM notes"}'
        for lines in (
            ["Authorization: Bearer " + a, "Authorization: Bearer " + b],
            ["Authorization: Bearer %s, Bearer %s" % (a, b)],
            ["Authorization: Bearer %s %s" % (a, b)],
            ["Authorization: Bearer %s\0" % a],
            ["Authorization: Bearer %sx" % a],
            ["Authorization: Bearer " + a[:-1]],
            ["Authorization: Bearer " + a.upper()],
            ["Authorization: Basic " + a],
            ["X-Authorization: Bearer " + a],
            ["Cookie: token=" + a],
            ["Proxy-Authorization: Bearer " + a],
        ):
            c = Raw(self.srv)
            c.send(("POST /v1/sql/execute?token=%s HTTP/1.1\r\nHost: "
                "localhost\r\nContent-Length: %d\r\n%s\r\n" % (a, len(body),
                "".join(x + "\r\n" for x in lines))).encode() + body)
            status, _, text = c.answer()
            c.close()
            if status not in (400, 401) or b"note" in text:
                wrong.append("%s: %d" % (lines, status))
        return wrong

    def test_same_refusal(self):
        """Nobody learns which key ids there are: the same words, and (only
        told, since it is a busy machine's clock) the same time."""
        t = self.a.token
        at = t.index(key_id(t))
        unknown = t[:at] + "A" * 16 + t[at + 16:]
        secret = t[:-8] + "AAAAAAAA"
        took, seen = {unknown: [], secret: []}, {}
        c = Raw(self.srv)
        for i in range(200):
            for token in (unknown, secret) if i % 2 else (secret, unknown):
                began = time.perf_counter()
                status, _, body = c.ask(token, "SELECT 1")
                took[token].append(time.perf_counter() - began)
                seen.setdefault(token, set()).add((status, re.sub(
                    r'"request_id":"[^"]*"', "", body.decode())))
        c.close()
        print("# unknown id %.0f us, wrong secret %.0f us (medians)" % tuple(
            statistics.median(took[k]) * 1e6 for k in (unknown, secret)))
        if seen[unknown] != seen[secret] or len(seen[unknown]) != 1:
            return ["they differ: %s" % seen]
        return []

    def test_roles_not_to_serve(self):
        wrong = []
        for make in ("CREATE ROLE evil BYPASSRLS", "CREATE ROLE evil LOGIN",
                "CREATE ROLE evil CREATEROLE",
                "CREATE ROLE evil; GRANT strong TO evil"):
            self.admin.execute("CREATE ROLE strong BYPASSRLS")
            for sql in make.split("; "):
                self.admin.execute(sql)
            a = self.admin.call("POST", "/v1/auth/keys",
                {"pg_role": "evil"})
            if a.status != 400:
                wrong.append("%s: %d %s" % (make, a.status, a.raw[:200]))
            self.srv.super.do("DROP ROLE IF EXISTS acdb_dp_evil; "
                "DROP ROLE evil; DROP ROLE strong")
        return wrong

    def test_pipelined_keys(self):
        """Each request of a connection is its own key's."""
        from door import BODIES
        c = Raw(self.srv)
        bad = self.a.token[:-4] + "AAAA"
        reader = self.srv.client("dbreader").token
        asked = (
            (self.a.token, BODIES, 200, b"A-note", b"B-SECRET"),
            (self.b.token, BODIES, 200, b"B-SECRET", b"A-note"),
            (reader, "INSERT INTO notes (body) VALUES ('x')", 403,
                b"permission", b"B-SECRET"),
            (self.admin.token, "SELECT current_user", 200, b"dbadmin",
                b"dbuser"),
            (self.a.token, "SELECT current_user", 200, b'"dbuser"',
                b"dbadmin"),
            (bad, BODIES, 401, b"invalid_api_key", b"note"),
            (self.a.token, BODIES, 200, b"A-note", b"B-SECRET"))
        c.send(b"".join(request(token, sql) for token, sql, *_ in asked[:-1])
            + request(*asked[-1][:2], "Connection: close"))
        got, _ = c.rest()
        c.close()
        parts, wrong = got.split(b"HTTP/1.1 ")[1:], []
        if len(parts) != len(asked):
            return ["%d answers" % len(parts)]
        for part, (_, _, status, must, never) in zip(parts, asked):
            if not part.startswith(b"%d" % status) or must not in part or \
                    never in part:
                wrong.append("%d %s: %s" % (status, must, part[-200:]))
        return wrong

"""Procedures and the keys of once: registered, called, replayed."""

import sys

from door import BATCH, RPC, SLOW, SQL, Doors, Later, Raw, head, \
    key_id, until
from server import WS


def bomb(levels, word):
    """A schema of a few lines that asks for 2^levels looks at one value."""
    defs = {"d0": {"type": "object", "minProperties": 0}}
    for i in range(1, levels + 1):
        ref = {"$ref": "#/$defs/d%d" % (i - 1)}
        defs["d%d" % i] = {word: [ref, dict(ref)]}
    if word == "oneOf":
        defs["d0"] = {"not": {}}
    return {"$ref": "#/$defs/d%d" % levels, "$defs": defs}


def nest(n):
    s = {}
    for _ in range(n):
        s = {"not": s}
    return s


class Procedures(Doors):
    def put(self, client, name, sql="SELECT 1", role="dbuser", schema=None):
        return client.call("PUT", "/v1/rpc/" + name, {"sql": sql, "role":
            role, "args_schema": {"type": "object"} if schema is None else
            schema})

    def call(self, client, name, args=None, headers=None):
        return client.call("POST", RPC, {"procedure": name, "args":
            args or {}}, headers)

    def drop(self, *names):
        for n in names:
            self.admin.call("DELETE", "/v1/rpc/" + n)

    def test_one_statement_and_no_more(self):
        wrong = []
        for sql in ("COMMIT", "SELECT 1; COMMIT", "SELECT 1;;SELECT 2",
                "BEGIN", "ROLLBACK", "SAVEPOINT x", "PREPARE x AS SELECT 1",
                "LISTEN x", "VACUUM", "COPY notes TO STDOUT",
                "COPY notes FROM STDIN", "", ";", "--", "SELECT $2",
                "SELECT $1, $9", "SELECT 1 \0; COMMIT",
                "SELECT $a$ $b$; COMMIT; --", "SELECT '\\'; COMMIT; --'",
                "SET ROLE dbadmin; SELECT 1",
                "CREATE INDEX CONCURRENTLY i ON notes (body)"):
            a = self.put(self.admin, "many", sql)
            if a.status != 400:
                wrong.append("%s: %d %s" % (sql, a.status, a.raw[:100]))
        for sql in ("DO $$ BEGIN INSERT INTO shared VALUES (77, 'x'); "
                "COMMIT; PERFORM 1 / 0; END $$",
                "CALL nothing()", "SET ROLE dbadmin", "RESET ROLE",
                "SET SESSION AUTHORIZATION acdb_owner"):
            if self.put(self.admin, "many", sql).status >= 400:
                continue
            for c in (self.a, self.admin):
                a = self.call(c, "many")
                if a.status >= 500 and a.problem.split()[0] != \
                        "database_error":
                    wrong.append("%s: %s" % (sql, a.raw[:200]))
            a = self.a.execute("SELECT current_user, session_user")
            if a.rows != [["dbuser", "acdb_dp_dbuser"]]:
                wrong.append("%s left %s" % (sql, a.rows))
        if self.srv.super.do("SELECT count(*) FROM shared WHERE id = 77") != \
                ["0"]:
            wrong.append("a COMMIT within has come through")
        self.drop("many")
        return wrong

    def test_names(self):
        wrong = []
        for name in ("call", "..%2Fx", "%00", "x" * 200, "call%2F",
                "a%20b", "%C3%A9", "a;b", "a'b", "-a", "9a", "a.b/c", "."):
            a = self.put(self.admin, name)
            if a.status < 400:
                wrong.append("PUT %s: %d" % (name, a.status))
        for name in ("", "../p2", "P1", "a\0b", "p\u0131", "x" * 5000, "*",
                "call"):
            if self.call(self.a, name).status != 404:
                wrong.append("call of %r" % name)
        return wrong

    def test_schema_bombs(self):
        """Refused, or taken and soon at an end; meanwhile others wait for
        nobody."""
        pattern = {"type": "object", "properties": {"a": {}}}
        wide = {"a": "a" * 50000 + "!"}

        def of(p):
            return dict(pattern, properties={"a": {"pattern": p}})

        many = {"p%d" % i: {} for i in range(3000)}
        bombs = [
            ("a ref to itself", {"$ref": "#"}, {}),
            ("refs in a ring", {"$ref": "#/$defs/a", "$defs": {"a":
                {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}, {}),
            ("a ring by way of allOf", {"allOf": [{"$ref": "#"}]}, {}),
            ("a ring by way of not", {"not": {"$ref": "#"}}, {}),
            ("allOf twice, often", bomb(40, "allOf"), {}),
            ("anyOf twice, often", bomb(40, "anyOf"), {}),
            ("oneOf twice, often", bomb(40, "oneOf"), {}),
            ("deep", nest(3000), {}),
            ("deep enough", nest(60), {}),
            ("a pattern that goes back", of("^(a+)+$"), wide),
            ("one with choices", of("^(a|a)*$"), wide),
            ("one of one", of("^(a|aa)+$"), wide),
            ("a pattern counted often", of("((a{1,100}){1,100}){1,100}"),
                wide),
            ("a pattern deep", of("(" * 5000 + "a" + ")" * 5000), wide),
            ("far back", of("(.*a){20}b"), wide),
            ("all different", {"properties": {"a": {"uniqueItems": True}}},
                {"a": [[i, {"x": i}] for i in range(20000)]}),
            ("all alike", {"properties": {"a": {"uniqueItems": True}}},
                {"a": ["x" * 40] * 20000}),
            ("many patterns, many names", {"patternProperties": {
                "(x*)*%d$" % i: {} for i in range(400)}}, many),
            ("many choices", {"propertyNames": {"enum": ["x%d" % i for i in
                range(3000)]}}, many),
            ("a number of many digits", {"properties": {"a": {"multipleOf":
                1e-9}}}, {"a": 10 ** 4000}),
        ]
        wrong = []
        sys.setrecursionlimit(20000)    # of json.dumps()
        for name, schema, args in bombs:
            beside = Later(self.b.execute, "SELECT 1")
            a = self.put(self.admin, "bomb", schema=schema)
            if a.seconds > SLOW:
                wrong.append("%s: PUT took %.1f s" % (name, a.seconds))
            if a.status < 300:
                a = self.call(self.a, "bomb", args)
                if a.seconds > SLOW:
                    wrong.append("%s: took %.1f s" % (name, a.seconds))
                if a.status not in (200, 400):
                    wrong.append("%s: %d" % (name, a.status))
            elif a.status != 400:
                wrong.append("%s: PUT %d" % (name, a.status))
            if beside.wait().seconds > SLOW:
                wrong.append("%s: others wait" % name)
        self.drop("bomb")
        return wrong

    def test_schemas_refused(self):
        wrong = []
        for text in ('{"type":"object","type":"string"}', '[]', '"x"', '1',
                '{"$ref":"https://example.com/x"}', '{"$ref":"#/nowhere"}',
                '{"$ref":"/etc/passwd"}', '{"$ref":"file:///etc/passwd"}',
                '{"pattern":"["}', '{"pattern":"(?=a)"}',
                '{"pattern":"\\\\1"}', '{"minLength":-1}',
                '{"unknown":true}', "[" * 100000, '{"a":' * 5000):
            body = ('{"sql":"SELECT 1","role":"dbuser","args_schema":%s}'
                % text).encode()
            c = Raw(self.srv)
            c.send(head(self.admin.token, "Content-Length: %d" % len(body),
                path="/v1/rpc/bad", method="PUT") + body)
            status = c.answer()[0]
            c.close()
            if status != 400:
                wrong.append("%s: %d" % (text[:40], status))
        return wrong

    def test_roles_and_workspaces(self):
        wrong = []
        self.put(self.admin, "who", "SELECT to_json(current_user::text)")
        self.put(self.admin, "strong", "SELECT to_json(body) FROM notes "
            "WHERE body LIKE 'B-SECRET%'", "dbadmin")
        self.put(self.admin, "rows", "SELECT json_agg(body) FROM notes WHERE "
            "$1::text IS NOT NULL")
        for c, name, status, must in (
                (self.a, "who", 200, b'"result":"dbuser"'),
                (self.admin, "who", 200, b'"result":"dbadmin"'),
                (self.a, "strong", 403, b"permission_denied"),
                (self.a, "rows", 200, b"A-note"),
                (self.srv.client("dbreader"), "rows", 403, b"denied"),
                (self.b, "who", 404, b"unknown_procedure"),
                (self.admin_b, "strong", 404, b"unknown_procedure"),
                (self.b, "rows", 404, b"unknown_procedure")):
            a = self.call(c, name)
            if a.status != status or must not in a.raw or \
                    b"B-SECRET" in a.raw:
                wrong.append("%s: %d %s" % (name, a.status, a.raw[:200]))
        # The same name elsewhere is another procedure.
        for c, sql in ((self.admin_b, "SELECT '\"of B\"'::json"),):
            if self.put(c, "who", sql).status != 201:
                wrong.append("B's own is not new")
            if c.call("DELETE", "/v1/rpc/strong").status != 404:
                wrong.append("B deletes A's")
            for path in ("/v1/rpc/strong", "/v1/rpc/rows"):
                if c.call("GET", path).status != 404:
                    wrong.append("B reads A's")
            if b'"strong"' in c.call("GET", "/v1/rpc").raw:
                wrong.append("B lists A's")
        for _ in range(3):      # from the database and from memory
            if b'"dbuser"' not in self.call(self.a, "who").raw:
                wrong.append("A's was replaced from B")
            if b"of B" not in self.call(self.b, "who").raw:
                wrong.append("B's is not its own")
        self.admin_b.call("DELETE", "/v1/rpc/who")
        if self.call(self.a, "who").status != 200:
            wrong.append("A's went with B's")
        self.drop("who", "strong", "rows")
        return wrong

    def test_who_lost_a_procedure_is_told_no_old_answer(self):
        h = {"Idempotency-Key": "procedure-lost"}
        self.put(self.admin, "lost", "SELECT '\"told\"'::json")
        first, wrong = self.call(self.a, "lost", headers=h), []
        if self.call(self.a, "lost", headers=h).raw != first.raw:
            wrong.append("not replayed while it may")
        self.put(self.admin, "lost", "SELECT 1", "dbadmin")
        a = self.call(self.a, "lost", headers=h)
        if a.status != 403:
            wrong.append("made dbadmin's: %d %s" % (a.status, a.raw))
        self.drop("lost")
        a = self.call(self.a, "lost", headers=h)
        if a.status != 404:
            wrong.append("taken away: %d %s" % (a.status, a.raw))
        return wrong


class Once(Doors):
    def replayed(self, a):
        return "x-idempotent-replayed" in [k.lower() for k, _ in a.headers]

    def test_an_answer_is_nobody_elses(self):
        h = {"Idempotency-Key": "crossing-1"}
        sql = "SELECT body, gen_random_uuid() FROM notes ORDER BY body"
        first = self.admin.execute(sql, headers=h)
        wrong = []
        for who, c, want in (("dbuser A", self.a, 409), ("dbreader A",
                self.srv.client("dbreader"), 409), ("dbuser B", self.b, 200),
                ("dbadmin B", self.admin_b, 409)):
            a = c.execute(sql, headers=h)
            if a.raw == first.raw or self.replayed(a) or a.status != want:
                wrong.append("%s: %d" % (who, a.status))
        again = self.admin.execute(sql, headers=h)
        if again.raw != first.raw or not self.replayed(again):
            wrong.append("not replayed to its own: %s" % again.raw[:200])
        return wrong

    def test_one_key_many_requests(self):
        """Another path, statement, parameter or member is another request."""
        h, sql = {"Idempotency-Key": "many-requests"}, {"sql": "SELECT 1"}
        first, wrong = self.a.call("POST", SQL, sql, h), []
        for path, body in ((BATCH, {"statements": [sql]}),
                (SQL, {"sql": "SELECT 2"}),
                (SQL, {"sql": "SELECT 1", "read_only": True}),
                (SQL, {"sql": "SELECT 1", "params": []}),
                (SQL + "?x=1", {"sql": "INSERT INTO notes (body) VALUES "
                    "('once')"})):
            a = self.a.call("POST", path, body, h)
            if a.status != 409 or a.problem != "idempotency_conflict":
                wrong.append("%s %s: %d" % (path, body, a.status))
        if self.a.call("POST", SQL, sql, h).raw != first.raw:
            wrong.append("the first is lost")
        return wrong

    def test_odd_keys(self):
        wrong, body = [], b'{"sql":"SELECT 1"}'
        for lines in (["Idempotency-Key:"], ["Idempotency-Key:  \t "],
                ["Idempotency-Key: " + "k" * 256], ["Idempotency-Key: a b"],
                ["Idempotency-Key: a\tb"], ["Idempotency-Key: \xe9"],
                ["Idempotency-Key: a", "Idempotency-Key: b"],
                ["Idempotency-Key: a", "idempotency-key: a"],
                ["Idempotency-Key: a\x7f"], ["Idempotency-Key: a\0"],
                ["Idempotency-Key: a\x1f"]):
            c = Raw(self.srv)
            c.send(head(self.a.token, "Content-Length: %d" % len(body),
                *lines) + body)
            status = c.answer()[0]
            c.close()
            if status != 400:
                wrong.append("%r: %d" % (lines, status))
        if self.srv.super.do("SELECT count(*) FROM acdb.idempotency_keys "
                "WHERE key !~ '^[!-~]{1,255}$'") != ["0"]:
            wrong.append("kept under an odd key")
        return wrong

    def test_no_replay_for_who_has_ended(self):
        """Revoked, of another role now, of another workspace now."""
        wrong = []
        sql = "INSERT INTO notes (body) VALUES ('once') RETURNING id"
        for change, want in (("revoked_at = now()", 401),
                ("pg_role = 'dbreader'", 409), ("workspace_id = '%s'"
                % WS["B"], 200), ("read_only = true", 200)):
            c = self.fresh()
            h = {"Idempotency-Key": "ended-" + key_id(c.token)}
            first = c.execute(sql, headers=h)
            before = c.call("GET", "/v1/me").raw
            self.srv.super.do("UPDATE acdb.api_keys SET %s WHERE key_id = "
                "'%s'" % (change, key_id(c.token)))
            if not until(lambda: c.call("GET", "/v1/me").raw != before):
                wrong.append("%s: never heard of" % change)
            a = c.execute(sql, headers=h)
            # What may only be read now was done, and is told again.
            if a.status != want or (a.raw == first.raw) != \
                    change.startswith("read_only"):
                wrong.append("%s: %d %s" % (change, a.status, a.raw[:200]))
        self.srv.super.do("DELETE FROM notes WHERE body = 'once'")
        return wrong

    def test_keys_at_doors_that_keep_nothing(self):
        h, wrong = {"Idempotency-Key": "a-token"}, []
        tokens = {self.admin.call("POST", "/v1/auth/keys", {"pg_role":
            "dbuser"}, h).json["token"] for _ in range(2)}
        if len(tokens) != 2:
            wrong.append("a token was told twice")
        for t in tokens:
            if self.srv.super.do("SELECT count(*) FROM acdb.idempotency_keys "
                    "WHERE convert_from(response_body, 'UTF8') LIKE '%%%s%%'"
                    % t[25:]) != ["0"]:
                wrong.append("a token was kept")
        return wrong

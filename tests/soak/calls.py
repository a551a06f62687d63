"""What the clients of the soak test ask, and what each may be answered.

A call is a function of a Visitor (soak.py) that asks something, looks at the
answer and says what is wrong with it.  CALLS holds them with their weights.
"""
import json
import random
import socket
import time

EXECUTE, BATCH, RPC = "/v1/sql/execute", "/v1/sql/batch", "/v1/rpc/call"
LANES = 4                       # tables for what runs outside transactions

SETUP = [
    "CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " who int NOT NULL, n numeric, tags text[], doc jsonb,"
    " at timestamptz NOT NULL DEFAULT now())",
    "CREATE TABLE counter (name text PRIMARY KEY, n bigint NOT NULL)",
    "INSERT INTO counter SELECT 'c' || i, 0 FROM generate_series(0, 7) i",
    "CREATE TABLE dry (i int)",
    "CREATE TABLE uniq (i int PRIMARY KEY)",
    "INSERT INTO uniq SELECT generate_series(1, 100)",
    "CREATE TABLE part (workspace_id uuid NOT NULL, body text)",
    "CREATE TABLE near (id int PRIMARY KEY, v vector(16))",
    "INSERT INTO near SELECT i, (SELECT array_agg(sin(i * j)) FROM"
    " generate_series(1, 16) j)::vector FROM generate_series(1, 500) i",
    "CREATE INDEX near_v ON near USING hnsw (v vector_cosine_ops)",
    "CREATE PROCEDURE tell(text) LANGUAGE plpgsql AS"
    " 'BEGIN RAISE NOTICE ''told %'', $1; END'",
    "CREATE PROCEDURE fail() LANGUAGE plpgsql AS"
    " 'BEGIN RAISE EXCEPTION ''no''; END'",
    "CREATE FUNCTION hidden() RETURNS int LANGUAGE sql VOLATILE"
    " AS 'INSERT INTO item (who) VALUES (-1) RETURNING 1'",
] + ["CREATE TABLE lane%d (i int)" % i for i in range(LANES)]

PROCEDURE = {
    "role": "dbuser", "sql": "SELECT $1::jsonb->'a'",
    "args_schema": {"type": "object", "required": ["a"], "properties": {
        "a": {"type": ["integer", "string"], "maxLength": 100},
        "when": {"type": "string", "format": "date-time"}}},
}


def ways(status, title=None, **members):
    """An answer's status, title and top-level members."""
    def check(a):
        got = a.json() if a.body else {}
        if a.status != status or (title and got.get("title") != title):
            return "wanted %d %s" % (status, title or "")
        for k, v in members.items():
            if got.get(k) != v:
                return "%s is %r, not %r" % (k, got.get(k), v)
        return None
    return check


CALLS = []


def call(weight):
    def keep(fn):
        CALLS.append((fn, weight))
        return fn
    return keep


# One statement, with each of its options.

@call(12)
def values(v):
    n = "9007199254740993.%d" % random.randrange(10 ** 6, 10 ** 7)
    v.want(ways(200, columns=["a", "b", "c", "d", "e"],
                rows=[[n, [1, None, 3], {"k": [1, "é"]}, True, None]]),
           "SELECT $1::numeric AS a, $2::int[] AS b, $3::jsonb AS c,"
           " $4::bool AS d, $5::text AS e",
           [n, [1, None, 3], {"k": [1, "é"]}, True, None],
           numbers="string")


@call(10)
def insert(v):
    v.want(ways(200, command="INSERT", rows_affected=1),
           "INSERT INTO item (who, n, tags, doc) VALUES ($1, $2, $3, $4)"
           " RETURNING id, at",
           [v.number, random.random(), ["a", "b"], {"x": v.number}],
           timeout_ms=30000)


@call(8)
def nearest(v):
    v.want(ways(200), "SELECT id, v <=> $1 AS d FROM near ORDER BY 2"
           " LIMIT 5", [[random.random() for _ in range(16)]],
           read_only=True, settings={"hnsw.ef_search": 50})


@call(5)
def max_rows(v):
    v.want(ways(200, rows_affected=10, truncated=True),
           "SELECT generate_series(1, 5000) AS i", max_rows=10)


@call(4)
def objects(v):
    v.want(ways(200, rows=[{"i": 1, "s": "1"}], column_types=[
        "int4", "text"]), "SELECT 1 AS i, '1'::text AS s",
        row_format="object")


@call(4)
def dry_run(v):
    v.want(ways(200, command="INSERT", rows=[[v.number]]),
           "INSERT INTO dry VALUES ($1) RETURNING i", [v.number],
           dry_run=True)


@call(4)
def read_only(v):
    text = random.choice(["INSERT INTO item (who) VALUES (-1)",
                          "SELECT hidden()"])
    v.want(ways(403, "permission_denied", sqlstate="25006"), text,
           read_only=True)


@call(4)
def settings(v):
    v.want(ways(200, rows=[["Asia/Kolkata", "16MB"]]),
           "SELECT current_setting('timezone'), current_setting('work_mem')",
           settings={"timezone": "Asia/Kolkata", "work_mem": "16MB"})


@call(3)
def settings_refused(v):
    v.want(ways(400, "invalid_input"), "SELECT 1", settings=random.choice(
        [{"role": "x"}, {"app.workspace_id": "x"}, {"work_mem": "1TB"}]))


@call(4)
def max_affected(v):
    v.want(ways(409, "max_affected_exceeded"), "UPDATE uniq SET i = -i",
           max_affected=5)


@call(4)
def times_out(v):
    v.want(ways(408, "statement_timeout", sqlstate="57014"),
           "SELECT pg_sleep(10)", timeout_ms=random.randrange(1, 80))


@call(4)
def tells_notices(v):
    v.want(ways(200, command="CALL"), "CALL tell($1)", ["x"])


@call(5)
def other_kinds(v):
    text = random.choice(["EXPLAIN SELECT * FROM item", "SHOW work_mem",
        "VALUES (1), (2)", "TABLE counter", "SELECT version()",
        "MERGE INTO item USING (VALUES (-2)) s (w) ON who = w"
        " WHEN MATCHED THEN DO NOTHING"])
    v.want(ways(200), text)


@call(3)
def large_answer(v):
    v.want(ways(200), "SELECT repeat('x', 1000) FROM"
           " generate_series(1, $1)", [random.randrange(1, 400)])


@call(1)
def too_large_answer(v):
    v.want(ways(413, "response_too_large"),
           "SELECT repeat('x', 9000) FROM generate_series(1, 1000)")


@call(2)
def large_parameter(v):
    n = random.randrange(1, 900000)
    v.want(ways(200, rows=[[n]]), "SELECT length($1)", ["y" * n])


@call(1)
def too_large_body(v):
    v.want(ways(413, "body_too_large"), "SELECT $1", ["y" * 1100000])


@call(6)
def once(v):
    """Few keys, so that they are repeated, at the same time too."""
    k = random.randrange(300)
    a = v.ask("POST", EXECUTE, {"sql": "INSERT INTO item (who, n) VALUES"
              " (-3, $1) RETURNING id, at", "params": [k]},
              [("Idempotency-Key", "%s-%d" % (v.soak.name, k))])
    v.check(a, ways(200), "once")
    if a.status == 200 and v.soak.first.setdefault(k, a.body) != a.body:
        v.soak.complain("once: key %d was answered in two ways" % k)


@call(2)
def once_otherwise(v):
    k = random.randrange(300)
    if k in v.soak.first:
        a = v.ask("POST", EXECUTE, {"sql": "SELECT 1"},
                  [("Idempotency-Key", "%s-%d" % (v.soak.name, k))])
        v.check(a, ways(409, "idempotency_conflict"), "once, otherwise")


@call(6)
def counts(v):
    """Rows that many want, and none may be lost."""
    name = "c%d" % random.randrange(6)  # others may deadlock
    a = v.ask("POST", EXECUTE, {"sql": "UPDATE counter SET n = n + 1"
              " WHERE name = $1", "params": [name], "timeout_ms": 60000})
    v.check(a, ways(200, rows_affected=1), "counts")
    if a.status == 200:
        v.counted[name] = v.counted.get(name, 0) + 1
    elif a.json().get("tx") != "rolled_back" and a.json().get("sqlstate"):
        v.soak.complain("counts: %r" % a)


# Batches.

@call(8)
def batch(v):
    a = v.ask("POST", BATCH, {"statements": [
        {"sql": "INSERT INTO item (who) VALUES ($1)", "params": [v.number]},
        {"sql": "SELECT count(*) FROM near"},
        {"sql": "SELECT $1::text", "params": ["z"]}],
        "isolation": random.choice(["read committed", "repeatable read"])})
    v.check(a, ways(200), "batch")
    if a.status == 200 and a.json()["results"][1]["rows"] != [[500]]:
        v.soak.complain("batch: %r" % a)


@call(4)
def batch_fails(v):
    v.check(v.ask("POST", BATCH, {"statements": [
        {"sql": "INSERT INTO dry VALUES (1)"}, {"sql": "SELECT 1 / $1::int",
                                                "params": [0]}]}),
            ways(400, "invalid_input", statement=1, tx="rolled_back"),
            "batch fails")


@call(4)
def batch_serializable(v):
    a = v.ask("POST", BATCH, {"isolation": "serializable", "retry": 3,
        "timeout_ms": 60000,
        "statements": [
            {"sql": "SELECT sum(n) FROM counter WHERE name < 'c2'"},
            {"sql": "UPDATE counter SET n = n + 1 WHERE name = 'c0'"}]})
    v.check(a, lambda a: ways(409, "serialization_failure",
                              retryable=True)(a)
            if a.status == 409 else ways(200)(a), "serializable")
    if a.status == 200:
        v.counted["c0"] = v.counted.get("c0", 0) + 1


@call(3)
def batch_refused(v):
    body, check = random.choice([
        ({"statements": []}, ways(400)),
        ({"statements": [{"sql": "SELECT 1"}, {"sql": "COMMIT"}]},
         ways(400, "unsupported_statement", statement=1)),
        ({"statements": [{"sql": "VACUUM lane0"}]},
         ways(400, "unsupported_statement", statement=0)),
        ({"statements": [{"sql": "INSERT INTO dry VALUES (1)"}],
          "read_only": True}, ways(403, "permission_denied", statement=0)),
        ({"statements": [{"sql": "SELECT 1"}], "deferrable": True,
          "read_only": True, "isolation": "serializable"}, ways(200)),
        ({"statements": [{"sql": "SELECT 1"}], "what": 1},
         ways(400, "invalid_json")),
    ])
    v.check(v.ask("POST", BATCH, body), check, "batch refused")


# Outside of a transaction: one at a time for each table.

@call(2)
def outside(v):
    lane = v.number % LANES
    with v.soak.lanes[lane]:
        for text in random.choice([
                ["VACUUM lane%d"], ["VACUUM (ANALYZE) lane%d"],
                ["CREATE INDEX CONCURRENTLY x%d ON lane%d (i)",
                 "REINDEX INDEX CONCURRENTLY x%d",
                 "DROP INDEX CONCURRENTLY x%d"]]):
            body = {"sql": text.replace("%d", str(lane))}
            v.check(v.until_served("POST", EXECUTE, body, v.soak.admin),
                    ways(200), body["sql"])


# Procedures, the schema, who one is.

@call(6)
def procedure(v):
    v.check(v.ask("POST", RPC, {"procedure": "echo",
        "args": {"a": v.number, "when": "2024-05-06T07:08:09Z"}}),
        ways(200, result=v.number), "procedure")


@call(3)
def upsert(v):
    v.check(v.ask("POST", RPC, {"procedure": "upsert_document", "args": {
        "id": "00000000-0000-4000-8000-%012d" % v.number,
        "body": "b" * random.randrange(2000)}}), ways(200), "upsert")


@call(3)
def procedure_refused(v):
    args, title = random.choice([
        ({"procedure": "echo", "args": {"a": None}}, "invalid_args"),
        ({"procedure": "echo", "args": {"a": "x" * 101}}, "invalid_args"),
        ({"procedure": "nothing"}, "unknown_procedure")])
    v.check(v.ask("POST", RPC, args), ways(
        404 if title == "unknown_procedure" else 400, title), "procedure")


@call(1)
def registers(v):
    """One of its own, called as soon as it is heard of everywhere."""
    path = "/v1/rpc/p%d" % v.number
    v.check(v.until_served("PUT", path, PROCEDURE, v.soak.admin),
            lambda a: None if a.status in (200, 201) else "not put", path)
    v.check(v.until_served("GET", "/v1/rpc", None, v.soak.admin), ways(200),
            "list")
    v.check(v.until_served("DELETE", path, None, v.soak.admin), ways(200),
            path)


@call(3)
def schema(v):
    query = random.choice(["?detail=names", "", "?detail=full&pattern=item"])
    a = v.ask("GET", "/v1/schema" + query)
    v.check(a, ways(200), "schema")
    if a.status == 200:
        again = v.ask("GET", "/v1/schema" + query, None,
                      [("If-None-Match", a.headers["etag"])])
        # Tables come and go, and get their statistics, meanwhile.
        v.check(again, lambda a: None if a.status in (200, 304) else "bad",
                "schema, again")


@call(3)
def who(v):
    v.check(v.ask("GET", "/v1/me"), ways(200, role="dbuser"), "me")


# What goes wrong.

@call(10)
def errors(v):
    text, params, status, title = random.choice([
        ("SELECT * FROM itme", [], 400, "undefined_object"),
        ("SELECT nn FROM item", [], 400, "undefined_object"),
        ("SELECT uper('x')", [], 400, "undefined_object"),
        ("SELEC 1", [], 400, "parse_error"),
        ("SELECT 1; SELECT 2", [], 400, "multiple_statements"),
        (" -- nothing", [], 400, "empty_statement"),
        ("BEGIN", [], 400, "unsupported_statement"),
        ("COPY item FROM STDIN", [], 400, "unsupported_statement"),
        ("LISTEN x", [], 400, "unsupported_statement"),
        ("PREPARE p AS SELECT 1", [], 400, "unsupported_statement"),
        ("SELECT $1", [], 400, "params_mismatch"),
        ("SELECT $1::int", ["x"], 400, "invalid_input"),
        ("SELECT $1::int[]", [[1, [2]]], 400, "invalid_input"),
        ("SELECT 1 / 0", [], 400, "invalid_input"),
        ("SELECT " + "1 + " * 70000 + "1", [], 400, "statement_too_large"),
        ("SELECT $1::text", ["a\0b"], 400, None),
        ("INSERT INTO uniq VALUES (1)", [], 409, "unique_violation"),
        ("INSERT INTO item (n) VALUES (1)", [], 409, "integrity_violation"),
        ("CREATE TABLE t (i int)", [], 403, "permission_denied"),
        ("SELECT * FROM acdb.api_keys", [], 403, "permission_denied"),
        ("CALL fail()", [], 500, "database_error"),
    ])
    v.want(ways(status, title), text, params)


@call(2)
def wrong_json(v):
    v.check(v.ask("POST", EXECUTE, random.choice([[], {"sql": 1}, "x", {
        "sql": "SELECT 1", "nonsense": 1}])), ways(400, "invalid_json"),
        "wrong JSON")


@call(3)
def wrong_requests(v):
    method, path, headers, status = random.choice([
        ("GET", EXECUTE, [], 405), ("GET", "/nowhere", [], 404),
        ("POST", EXECUTE, [("Content-Type", "text/xml")], 415),
        ("POST", EXECUTE, [("Accept", "image/png")], 406),
        ("GET", "/v1/me?" + "x" * 9000, [], 414),
        ("GET", "/v1/me", [("X", "x" * 40000)], 431),
        ("GET", "/v1/schema?detail=all", [], 400)])
    body = {"sql": "SELECT 1"} if method == "POST" else None
    v.check(v.ask(method, path, body, headers), ways(status), path[:40])


@call(2)
def wrong_key(v):
    key = random.choice(["", "nonsense", v.key[:-3] + "AAA"])
    v.check(v.ask("GET", "/v1/me", key=key), ways(401), "a wrong key")


@call(2)
def limited(v):
    a = v.ask("POST", EXECUTE, {"sql": "SELECT 1"}, key=v.soak.slow)
    v.check(a, lambda a: ways(429, "rate_limited")(a)
            if a.status == 429 else ways(200)(a), "limited")


@call(2)
def reader(v):
    v.check(v.ask("POST", EXECUTE, {"sql": "DELETE FROM item"},
                  key=v.soak.reader), ways(403, "permission_denied"),
            "reader")


@call(2)
def locked(v):
    """Two rows in either order: a deadlock now and then, or a wait."""
    rows = random.sample(["c6", "c7"], 2)
    a = v.ask("POST", BATCH, {"retry": random.choice([0, 2]),
        "settings": {"lock_timeout": "3s"}, "timeout_ms": 60000,
        "statements": [
            {"sql": "UPDATE counter SET n = n + 1 WHERE name = $1",
             "params": [r]} for r in rows]})
    if a.status == 500 and a.json().get("sqlstate") == "55P03":
        return v.check(a, ways(500, retryable=True), "locked")
    v.check(a, lambda a: ways(409, "deadlock_detected")(a)
            if a.status == 409 else ways(200)(a), "locked")
    if a.status == 200:
        for r in rows:
            v.counted[r] = v.counted.get(r, 0) + 1


# Clients that leave.

@call(8)
def leaves(v):
    """While its statement runs, which must end with it."""
    v.client.send("POST", EXECUTE, {"sql": random.choice([
        "SELECT pg_sleep(30)", "SELECT count(*) FROM"
        " generate_series(1, 100000000)"]), "timeout_ms": 60000})
    time.sleep(random.random() * 0.1)
    v.client.close()


@call(2)
def leaves_early(v):
    """Within its handshake, its head or its body."""
    v.client.close()
    with socket.create_connection(("127.0.0.1", v.soak.server.port)) as s:
        s.sendall(b"\x16\x03\x01\x02\x00"[:random.randrange(6)])
    v.client.connect()
    text = ("POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
            "Content-Length: 100\r\n\r\n{" % (EXECUTE, v.key)).encode()
    v.client.sock.sendall(text[:random.randrange(1, len(text))])
    v.client.close()


@call(4)
def comes_anew(v):
    """A handshake, which a ticket may shorten."""
    v.client.close()
    v.check(v.ask("GET", "/healthz"), ways(200), "healthz")

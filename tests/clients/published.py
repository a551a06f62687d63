# The Python client of the gateway before this one, as PyPI has it: its
# library and its commands, which must run against ours as they are.
#
# usage: python published.py, with AGENTCOOPDB_GATEWAY_URL and the keys in
#	KEY (dbadmin), KEY_DBUSER, KEY_DBREADER and KEY_SLOW (a dbuser's that
#	may ask once).  REQUESTS_CA_BUNDLE has the certificate.
import json, os, random, subprocess, sys, tempfile, traceback, uuid

import agentcoopdb
from agentcoopdb import AgentCoopDBError, AuthError, IdempotencyConflict
from agentcoopdb import NetworkError, RateLimited, ServerError
from agentcoopdb import ValidationError, connect
from agentcoopdb.cli.main import app
from agentcoopdb.queue import Queue
from agentcoopdb.retry import with_retry
from typer.testing import CliRunner

env = os.environ
url = env["AGENTCOOPDB_GATEWAY_URL"]
keys = {"dbadmin": env["KEY"], "dbuser": env["KEY_DBUSER"],
    "dbreader": env["KEY_DBREADER"]}
admin, user, reader = (connect(url, api_key=k) for k in keys.values())
doc = "00000000-0000-4000-8000-0000000000%02d"
failed = 0

# It waits between its attempts, and in its queue, for random times: here it
# tells how long it would have waited, and that is nothing where it may choose.
waits = []
with_retry.__kwdefaults__["sleep"] = waits.append
random.uniform = lambda low, high: low


def look(what, f, *args):
    global failed
    waits.clear()
    try:
        f(*args)
        print("ok - " + what, flush=True)
    except Exception:
        failed += 1
        print("not ok - " + what)
        print("# " + traceback.format_exc(chain=False).strip().replace("\n",
            "\n# "), flush=True)


def raises(kind, f, *args, **more):
    try:
        f(*args, **more)
    except AgentCoopDBError as e:
        assert type(e) is kind, repr(e)
        return e
    raise AssertionError("no error")


def fresh():
    return str(uuid.uuid4())


# The library.

def who(role, key):
    db = connect(url + "/", api_key=key)
    me = db.me()
    assert me["role"] == role and me["env"] == "dev", me
    assert me["key_id"] == key[8:24] and uuid.UUID(me["workspace_id"]), me
    assert set(me["server"]) == {"version", "commit", "build_date"}, me
    health = db.health()
    assert health["status"] == "ok", health
    assert health["version"] == me["server"], health


def makes_tables():
    r = admin.execute("CREATE TABLE published (id text PRIMARY KEY,"
        " metadata jsonb, embedding vector(3), n int8 CHECK (n > 0))")
    assert (r.command, r.columns, r.rows, r.rows_affected) == (
        "CREATE TABLE", [], [], 0), r
    # It sends an Idempotency-Key with these, which run in no transaction.
    assert admin.execute("VACUUM published").command == "VACUUM"
    assert admin.execute("CREATE INDEX CONCURRENTLY ON published (n)"
        ).command == "CREATE INDEX"
    assert admin.execute("DO $$ BEGIN NULL; END $$").command == "DO"


def writes():
    r = user.execute("INSERT INTO published (id, metadata, n) VALUES"
        " ($1, $2, $3) RETURNING id, n",
        ["w", {"a": [1.5, None, "é"]}, 2**53 + 1])
    assert (r.command, r.columns, r.rows, r.rows_affected, r.replayed) == (
        "INSERT", ["id", "n"], [["w", 2**53 + 1]], 1, False), r
    assert type(r.duration_ms) is int
    want = [{"metadata": {"a": [1.5, None, "é"]}, "n": 2**53 + 1}]
    for db in admin, user, reader:
        assert db.select("SELECT metadata, n FROM published WHERE id = $1",
            ["w"]) == want
    r = user.execute("DELETE FROM published WHERE id = $1", ["w"])
    assert (r.command, r.rows_affected) == ("DELETE", 1), r


def selects():
    for db in admin, user, reader:
        assert db.select("SELECT $1::int + 1 AS n, $2::text AS t, $3 AS u,"
            " $4::bool AS b, $5::timestamptz AS at", ["41", "x", None, True,
            "2026-01-02T03:04:05Z"]) == [{"n": 42, "t": "x", "u": None,
            "b": True, "at": "2026-01-02T03:04:05+00:00"}]
        assert db.select("SELECT 1 AS n WHERE false") == []
        assert db.select("WITH w AS (SELECT 1 AS n) TABLE w") == [{"n": 1}]
        assert db.execute("SHOW server_encoding").rows == [["UTF8"]]
    raises(ValidationError, user.select, "DELETE FROM published")


def vectors():
    rows = [{"id": "v1", "metadata": {"k": 1}, "vector": [1, 0, 0]},
        {"id": "v2", "vector": [0.5, 1e-7, 1]}]
    for db in admin, user:
        assert db.vector_upsert("published", rows) == 2
        assert db.vector_upsert("published", []) == 0
    raises(AuthError, reader.vector_upsert, "published", rows)
    raises(ValidationError, user.vector_upsert, "published",
        [{"id": "v3", "vector": [1, 0]}])
    for db in admin, user, reader:
        found = db.vector_search("published", [1, 0, 0], k=2)
        assert [r["id"] for r in found] == ["v1", "v2"], found
        assert [r["metadata"] for r in found] == [{"k": 1}, {}], found
        assert found[0]["distance"] == 0 < found[1]["distance"] < 1, found
        assert len(db.vector_search("published", [1, 0, 0], k=1)) == 1


def transacts():
    insert = "INSERT INTO published (id, n) VALUES ($1, $2)"
    with user.transaction() as tx:
        tx.execute(insert, ["t1", 1])
        tx.execute(insert, ["t2", 2])
        tx.execute("UPDATE published SET n = $1 WHERE id = $2", [3, "v1"])
    def fails():
        with user.transaction() as tx:
            tx.execute(insert, ["t3", 1])
            tx.execute(insert, ["t1", 1])
    assert raises(AgentCoopDBError, fails).title == "unique_violation"
    with user.transaction() as tx:
        tx.execute("DELETE FROM published WHERE id = $1", ["t2"])
    assert user.select("SELECT id FROM published WHERE n IS NOT NULL"
        " ORDER BY id") == [{"id": "t1"}, {"id": "v1"}]


def calls():
    for db in admin, user:
        key, args = fresh(), {"id": doc % 1, "body": "hi"}
        r = db.rpc_call("upsert_document", args, idempotency_key=key)
        assert r["procedure"] == "upsert_document", r
        assert r["result"]["body"] == "hi" and "_replayed" not in r, r
        again = db.rpc_call("upsert_document", args, idempotency_key=key)
        assert again.pop("_replayed") and again == r, again
    e = raises(AuthError, reader.rpc_call, "upsert_document", args)
    assert (e.status, e.title) == (403, "permission_denied"), e.problem
    e = raises(ValidationError, user.rpc_call, "upsert_document", {"id": 1})
    assert e.title == "invalid_args", e.problem
    e = raises(AgentCoopDBError, user.rpc_call, "none", {})
    assert (e.status, e.title) == (404, "unknown_procedure"), e.problem


def replays():
    for db, sql in (user, "INSERT INTO published (id) VALUES ($1)"
            " RETURNING id"), (reader, "SELECT $1::text AS id"):
        key = fresh()
        r = db.execute(sql, ["once"], idempotency_key=key)
        again = db.execute(sql, ["once"], idempotency_key=key)
        assert not r.replayed and again.replayed, again
        again.replayed = False
        assert again == r, again
        e = raises(IdempotencyConflict, db.execute, sql, ["twice"],
            idempotency_key=key)
        assert (e.status, e.title) == (409, "idempotency_conflict")
    key = fresh()
    es = [raises(AgentCoopDBError, user.execute, "INSERT INTO published (id)"
        " VALUES ('once')", idempotency_key=key) for _ in range(2)]
    assert es[0].problem == es[1].problem, es[1].problem
    assert not waits


errors = [	# what is sent, and its class, status, title, SQLSTATE
    ("", [], ValidationError, 400, "empty_statement", ""),
    ("SELEC 1", [], ValidationError, 400, "parse_error", "42601"),
    ("SELECT 1; SELECT 2", [], ValidationError, 400, "multiple_statements",
        ""),
    ("SELECT $1::int", [], ValidationError, 400, "params_mismatch", ""),
    ("SELECT 1", [1], ValidationError, 400, "params_mismatch", ""),
    ("SELECT 1", [1] * 1001, ValidationError, 400, "too_many_params", ""),
    ("SELECT '%s'" % ("x" * 262144), [], ValidationError, 400,
        "statement_too_large", ""),
    ("SELECT $1::text", ["x" * 1048576], AgentCoopDBError, 413,
        "body_too_large", ""),
    ("BEGIN", [], ValidationError, 400, "unsupported_statement", ""),
    ("TABLE none", [], ValidationError, 400, "undefined_object", "42P01"),
    ("SELECT $1::int", ["x"], ValidationError, 400, "invalid_input",
        "22P02"),
    ("DROP TABLE published", [], AuthError, 403, "permission_denied",
        "42501"),
    ("SELECT pg_read_file('/etc/passwd')", [], AuthError, 403,
        "permission_denied", "42501"),
    ("INSERT INTO published (id) VALUES ('once')", [], AgentCoopDBError, 409,
        "unique_violation", "23505"),
    ("INSERT INTO published VALUES ('c', null, null, 0)", [],
        AgentCoopDBError, 409, "integrity_violation", "23514"),
    ("SELECT (VALUES (1), (2))", [], ServerError, 500, "database_error",
        "21000"),
]


def errs(sql, params, kind, status, title, sqlstate):
    e = raises(kind, user.execute, sql, params)
    assert (e.status, e.title, e.sqlstate) == (status, title, sqlstate), (
        e.problem)
    assert str(e) == e.problem["detail"] != "", e.problem
    # It tries again what it takes for the server's own trouble.
    assert len(waits) == (5 if kind is ServerError else 0), waits


def unknown_keys():
    wrong = keys["dbuser"][:25] + "A" * 32
    for key, title in ("", "missing_or_invalid_api_key"), ("acd_dev_x",
            "missing_or_invalid_api_key"), (wrong, "invalid_api_key"):
        e = raises(AuthError, connect(url, api_key=key).me)
        assert (e.status, e.title) == (401, title), e.problem


def limited():
    db = connect(url, api_key=env["KEY_SLOW"])
    assert db.execute("SELECT 1").rows == [[1]]
    e = raises(RateLimited, db.execute, "SELECT 1")
    assert (e.status, e.title) == (429, "rate_limited"), e.problem
    assert 1 <= e.retry_after <= 100 and len(waits) == 5, waits
    assert min(waits) >= e.retry_after, waits


def rotates(role):
    db = connect(url, api_key=keys[role])
    me, new = db.me(), db.rotate_key()
    assert set(new) == {"new_key_id", "token", "notice"}, new
    assert new["token"][8:24] == new["new_key_id"] != me["key_id"], new
    # Both are valid for a while.
    for key in new["token"], keys[role]:
        now = connect(url, api_key=key).me()
        assert now == {**me, "key_id": key[8:24]}, now


def untrusted():
    with tempfile.NamedTemporaryFile("w") as none:
        kept, env["REQUESTS_CA_BUNDLE"] = env["REQUESTS_CA_BUNDLE"], none.name
        try:
            raises(NetworkError, user.me)
        finally:
            env["REQUESTS_CA_BUNDLE"] = kept


def nobody_there():
    db = connect("https://localhost:1", api_key=keys["dbuser"])
    raises(NetworkError, db.execute, "SELECT 1")
    assert len(waits) == 5, waits


# The commands.

def run(*args, rc=0, **more):
    r = CliRunner().invoke(app, args, **more)
    if rc == 0 and isinstance(r.exception, Exception):
        raise r.exception
    assert r.exit_code == rc, (r.exit_code, r.output)
    return r


def answer(*args):	# some print a reminder behind what they answer
    return json.JSONDecoder().raw_decode(run(*args).output)[0]


def configure(key, base=url):
    with open(os.path.join(config, "config.toml"), "w") as f:
        f.write('base_url = "%s"\napi_key = "%s"\n' % (base, key))


def init():
    # It looks for docker although it needs none to be told of a server.
    docker = os.path.join(home, "docker")
    with open(docker, "w") as f:
        f.write("#!/bin/sh\n")
    os.chmod(docker, 0o755)
    more = {"env": {"PATH": home + ":" + env["PATH"]}}
    r = run("init", input="existing\n%s\n%s\n" % (url, keys["dbuser"]),
        **more)
    assert "role:      dbuser" in r.output, r.output
    assert run("me").output == json.dumps(user.me(), indent=2) + "\n"
    os.remove(os.path.join(config, "config.toml"))
    run("me", rc=2)
    run("init", input="existing\n%s\nacd_dev_x\n" % url, rc=1, **more)


def doctor(role):
    configure(keys[role])
    # As a process, once for each role: the others are called in this one.
    r = subprocess.run([sys.executable, "-m", "agentcoopdb.cli.main",
        "doctor"], capture_output=True, text=True)
    assert r.returncode == 0 and r.stderr == "", r
    # It reads the version out of itself, which was not kept up.
    lines = [line.split(":")[0].split() for line in r.stdout.splitlines()
        if line.startswith("  [")]
    assert [line[0] for line in lines] == ["[OK]"] * 8 + ["[WARN]"], r.stdout
    assert lines[8] == ["[WARN]", "version", "skew"], r.stdout
    assert r.stdout.endswith("\nall checks passed\n"), r.stdout


def sql_command():
    configure(keys["dbuser"])
    r = answer("sql", "SELECT $1::int + 1 AS n, $2 AS t", "-p", "41", "-p",
        "x")
    assert type(r.pop("duration_ms")) is int
    assert r == {"command": "SELECT", "columns": ["n", "t"],
        "rows": [[42, "x"]], "rows_affected": 1}, r
    assert isinstance(run("sql", "TABLE none", rc=1).exception,
        ValidationError)


def key_commands():
    configure(keys["dbadmin"])
    admin.execute("CREATE ROLE published_analyst")
    for args, role in ((("--role", "dbuser"), "dbuser"),
            (("--role", "published_analyst"), "published_analyst"),
            (("--role", "dbreader", "--name", "p", "--workspace",
            admin.me()["workspace_id"]), "dbreader")):
        token = answer("key", "create", *args)["token"]
        assert connect(url, api_key=token).me()["role"] == role
    configure(token)
    token = answer("key", "rotate")["token"]
    assert connect(url, api_key=token).me()["role"] == "dbreader"
    e = run("key", "create", "--role", "dbuser", rc=1).exception
    assert type(e) is AuthError and e.status == 403, e
    configure(keys["dbadmin"])
    e = run("key", "create", "--role", "none", rc=1).exception
    assert type(e) is ValidationError and e.title == "invalid_role", e
    e = run("key", "create", "--role", "dbuser", "--workspace", fresh(),
        rc=1).exception
    assert type(e) is AuthError and e.status == 403, e


def queue():
    q = Queue(os.path.join(config, "queue.db"))
    key, insert = fresh(), "INSERT INTO published (id) VALUES ($1)"
    # The answer to the first got lost, say: it is sent once more.
    for sql, params, k in (insert, ["q1"], key), (insert, ["q1"], key), (
            insert, ["once"], fresh()), (insert, ["q2"], fresh()):
        q.enqueue(sql, params, k)
    configure(keys["dbuser"], "https://localhost:1")
    assert run("queue", "flush").output == "sent=0 failed=1 remaining=4\n"
    configure(keys["dbuser"])
    assert run("queue", "flush").output == "sent=3 failed=1 remaining=0\n"
    assert "dead-letter: 1\n" in run("queue", "status").output
    run("queue", "clear-dead")
    assert (q.depth(), q.dead_letter_count()) == (0, 0)
    assert user.select("SELECT id FROM published WHERE id LIKE 'q%'"
        " ORDER BY id") == [{"id": "q1"}, {"id": "q2"}]


with tempfile.TemporaryDirectory() as home:
    env["XDG_CONFIG_HOME"] = home
    config = os.path.join(home, "agentcoopdb")
    os.mkdir(config)
    for role, key in keys.items():
        look("%s: me, health" % role, who, role, key)
    look("makes tables, VACUUM, an index concurrently", makes_tables)
    look("writes, and reads what it wrote", writes)
    look("select", selects)
    look("vector_upsert, vector_search", vectors)
    look("transaction: both writes or none", transacts)
    look("rpc_call", calls)
    look("a replay, and another request under the same key", replays)
    for error in errors:
        look("%s is %s" % (error[4], error[2].__name__), errs, *error)
    look("401 is AuthError", unknown_keys)
    look("429 is RateLimited, after waiting as long as it was told", limited)
    for role in keys:
        look("%s: rotate_key" % role, rotates, role)
    look("a certificate it does not trust is NetworkError", untrusted)
    look("nobody there is NetworkError, at the fifth attempt", nobody_there)
    look("agentic-coop-db init, me", init)
    for role in keys:
        look("%s: agentic-coop-db doctor" % role, doctor, role)
    look("agentic-coop-db sql", sql_command)
    look("agentic-coop-db key create, rotate", key_commands)
    look("agentic-coop-db queue: what was not sent is, once", queue)
sys.exit(failed > 0)

"""MCP over HTTP: pages of elsewhere, tokens of other statements, other
people's calls, messages without measure."""

import base64
import hashlib
import hmac
import json
import os
import struct
import subprocess
import time
import uuid

import server
from door import MCP, SLOW, SQL, Doors, Later, Raw, head, key_id, until

CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}


class Tools(Doors):
    def post(self, client, message, headers=None):
        return client.call("POST", MCP, message, dict({
            "MCP-Protocol-Version": "2025-11-25", "Accept":
            "application/json, text/event-stream"}, **(headers or {})))

    def tool(self, client, name, args, id_=1, headers=None):
        return self.post(client, dict(CALL, id=id_, params={"name": name,
            "arguments": args}), headers)

    def test_origins(self):
        wrong = []
        for origin in ("https://evil.example", "null", "",
                "https://localhost.evil.example", "https://127.0.0.1.evil",
                "https://evil.example/localhost", "file://", "localhost",
                "https://localhostevil", "https://[::1].evil",
                "https://evil.example#localhost",
                "https://127.0.0.10:1@evil", "chrome-extension://x"):
            a = self.tool(self.a, "whoami", {}, headers={"Origin": origin})
            if a.status != 403 or b"dbuser" in a.raw:
                wrong.append("%r: %d" % (origin, a.status))
        port = self.srv.port
        for origin in ("https://localhost:%d" % port, "http://127.0.0.1:3",
                "http://[::1]:8", "https://localhost"):
            a = self.tool(self.a, "whoami", {}, headers={"Origin": origin})
            if a.status != 200:
                wrong.append("%r: %d" % (origin, a.status))
        return wrong

    def test_rebinding(self):
        """Without TLS a Host that is the Origin proves nothing: a name can
        be made to lead here."""
        env = dict(os.environ, **self.srv.database_env())
        body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
        wrong = []
        for origin, host, want in (("http://evil.example:80",
                "evil.example:80", 403), ("http://evil.example",
                "evil.example", 403), ("http://localhost:7", "evil.example",
                (401, 503))):
            p = subprocess.run([server.bin_dir() + "/acdbd", "--inetd"],
                env=env, timeout=20, capture_output=True, input=(
                "POST /v1/mcp HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\n"
                "Connection: close\r\nContent-Length: %d\r\n\r\n"
                % (host, origin, len(body))).encode() + body)
            status = int(p.stdout[9:12] or 0)
            if status != want and status not in (want if isinstance(want,
                    tuple) else ()):
                wrong.append("%s at %s: %d" % (origin, host, status))
        return wrong

    # Tokens that confirm.

    def ask(self, client, sql, params=None, confirm="required"):
        return client.execute(sql, params, {"confirm": confirm})

    def forge(self, client, sql, until_, params=b""):
        """As confirm.c makes it; it proves that one is refused for its time
        alone."""
        with open(self.srv.dir + "/db/secret", "rb") as f:
            secret = f.read().strip()
        key = hmac.digest(hmac.digest(b"agentcoopdb", secret, "sha256"),
            b"acdb context key v1\1", "sha256")
        id_ = self.srv.super.do("SELECT id FROM acdb.api_keys WHERE key_id = "
            "'%s'" % key_id(client.token))[0]
        what = hashlib.sha256(hashlib.sha256(sql.encode()).digest() + b"\n0:"
            + params).digest()
        text = struct.pack(">q", until_)
        text += hmac.digest(key, b"d" + text + uuid.UUID(id_).bytes + what,
            "sha256")
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode()

    def test_tokens_that_confirm(self):
        self.admin.execute("CREATE TABLE victim (i int)")
        self.admin.execute("GRANT ALL ON victim TO dbuser")
        sql, wrong = "DELETE FROM victim", []
        with_, twin = sql + " RETURNING $1::int", self.fresh("dbadmin")

        def token(a):
            return a.json["confirm_token"]

        good = token(self.ask(self.admin, sql))
        for what, c, text, params, confirm in (
            ("another key of the workspace", twin, sql, None, good),
            ("another role's", self.a, sql, None, good),
            ("another workspace's", self.admin_b, sql, None, good),
            ("another statement", self.admin, "DROP TABLE victim", None,
                good),
            ("another text", self.admin, sql + " ", None, good),
            ("parameters", self.admin, with_, [2], token(self.ask(self.admin,
                with_, [1]))),
            ("parameters written otherwise", self.admin, with_, ["1"],
                token(self.ask(self.admin, with_, [1]))),
            ("cut", self.admin, sql, None, good[:-1]),
            ("longer", self.admin, sql, None, good + "A"),
            ("nothing", self.admin, sql, None, ""),
            ("padded", self.admin, sql, None, good + "=="),
            ("its time alone", self.admin, sql, None, "f" + good[1:]),
        ):
            a = self.ask(c, text, params, confirm)
            if a.status not in (400, 409):
                wrong.append("%s: %d %s" % (what, a.status, a.raw[:200]))
        for i in range(len(good) - 1):  # every character counts
            other = "B" if good[i] == "A" else "A"
            a = self.ask(self.admin, sql, None, good[:i] + other
                + good[i + 1:])
            if a.status != 409:
                wrong.append("character %d does not count" % i)
        now = int(time.time())
        for end, want in ((now - 2, 409), (now + 100, 200), (-1, 409)):
            a = self.ask(self.admin, sql, None, self.forge(self.admin, sql,
                end))
            if a.status != want:
                wrong.append("until %+d s: %d" % (end - now, a.status))
        a = self.admin.call("POST", "/v1/sql/batch", {"statements": [{"sql":
            sql}, {"sql": "DROP TABLE victim"}], "confirm": good})
        if a.status != 409:
            wrong.append("a batch that begins so: %d" % a.status)
        if self.ask(self.admin, sql, None, good).status != 200:
            wrong.append("it is not good for its own")
        self.admin.execute("DROP TABLE victim")
        return wrong

    # Calls of others.

    def test_cancelling_anothers_call(self):
        session = dict(self.post(self.a, {"jsonrpc": "2.0", "id": 0,
            "method": "initialize", "params": {"protocolVersion":
            "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x",
            "version": "1"}}}).headers)["Mcp-Session-Id"]
        h, wrong = {"Mcp-Session-Id": session}, []
        mine = server.Client(self.srv, self.a.token)
        call = Later(self.tool, mine, "sql_query", {"sql":
            "SELECT pg_sleep(0.7), 'mine'"}, 7, h)
        if not until(lambda: self.active("%pg_sleep(0.7)%")):
            wrong.append("it was never seen to run")
        for c in (self.b, self.admin, self.fresh(), self.admin_b):
            for id_ in (7, "7", None):
                self.post(c, {"jsonrpc": "2.0", "method":
                    "notifications/cancelled", "params":
                    {"requestId": id_}}, h)
        for other in ("", session[:-1], session + "0", session.upper()):
            self.post(self.a, {"jsonrpc": "2.0", "method":
                "notifications/cancelled", "params": {"requestId": 7}},
                {"Mcp-Session-Id": other} if other else {})
        for id_ in ("7", 7.5, 77):
            self.post(self.a, {"jsonrpc": "2.0", "method":
                "notifications/cancelled", "params": {"requestId": id_}}, h)
        a = call.wait()
        if a.status != 200 or b"mine" not in a.raw:
            wrong.append("another ended it: %d %s" % (a.status, a.raw[:200]))
        return wrong

    def raw(self, body, *lines):
        c = Raw(self.srv)
        c.send(head(self.a.token, "Content-Length: %d" % len(body),
            "Content-Type: application/json", *lines, path=MCP) + body)
        status, _, text = c.answer()
        c.close()
        return status, text

    def test_messages_without_measure(self):
        wrong = []
        for what, id_, want in (
            ("digits", b"9" * 400, (200, 400)),
            ("a long text", b'"' + b"i" * 200000 + b'"', (200, 400)),
            ("an object", b'{"a":1}', (400,)),
            ("an array", b"[1]", (400,)),
            ("a fraction", b"1.5", (200, 400)),
            ("an exponent", b"1e999999999", (200, 400)),
            ("quotes", b'"\\"},{\\"id\\":2"', (200,)),
            ("lines", b'"\\r\\ndata: x\\n\\n"', (200,)),
            ("NUL", b'"\\u0000"', (200, 400)),
        ):
            status, text = self.raw(b'{"jsonrpc":"2.0","id":%s,"method":'
                b'"ping"}' % id_)
            if status not in want:
                wrong.append("%s: %d" % (what, status))
            if status == 200 and b'"id":' + id_ not in text:
                wrong.append("%s: answered to another id: %s" % (what,
                    text[:100]))
            if status == 200 and (b"\n" in text.strip() or
                    json.loads(text).keys() != {"jsonrpc", "id", "result"}):
                wrong.append("%s: forged a message" % what)
        ping = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
        for what, body in (
            ("a batch of many", b"[" + b",".join([ping] * 20000) + b"]"),
            ("batches in batches", b"[" * 50000 + b"]" * 50000),
            ("deep arguments", b'{"jsonrpc":"2.0","id":1,"method":'
                b'"tools/call","params":{"name":"sql_query","arguments":'
                + b"[" * 90000 + b"]" * 90000 + b"}}"),
            ("twice a method", b'{"jsonrpc":"2.0","id":1,"method":"ping",'
                b'"method":"tools/list"}'),
        ):
            began = time.monotonic()
            status, text = self.raw(body)
            if status not in (200, 400, 413) or \
                    time.monotonic() - began > SLOW:
                wrong.append("%s: %d, %.1f s" % (what, status,
                    time.monotonic() - began))
            if what.startswith("twice") and status != 400:
                wrong.append("%s: %d" % (what, status))
        return wrong

    def test_the_tools_are_no_way_around(self):
        """Role, workspace and read-only are the key's here, too."""
        wrong = []
        for c, name, args, must in (
            (self.a, "sql_query", {"sql": "INSERT INTO notes (body) VALUES "
                "('x') RETURNING id"}, b"isError"),
            (self.srv.client("dbreader"), "sql_execute", {"sql": "INSERT "
                "INTO notes (body) VALUES ('x')"}, b"rror"),
            (self.a, "rpc_call", {"procedure": "nothing", "args": {}},
                b"unknown_procedure"),
            (self.a, "describe_table", {"table": "api_keys", "schema":
                "acdb"}, b"rror"),
            (self.a, "sql_query", {"sql": "SELECT string_agg(body, ',') FROM "
                "notes"}, b"A-note"),
            (self.a, "sql_query", {"sql": "SELECT 1; COMMIT"}, b"rror"),
        ):
            a = self.tool(c, name, args)
            if must not in a.raw or b"B-SECRET" in a.raw:
                wrong.append("%s %s: %s" % (name, args, a.raw[:300]))
        if self.srv.super.do("SELECT count(*) FROM notes WHERE body = 'x'") \
                != ["0"]:
            wrong.append("a row was written")
        return wrong

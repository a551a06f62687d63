"""Clients that leave, at every byte: what was cut is not run, and who comes
next on the connection that is left behind finds it clean."""

import json

from door import MCP, Doors, Raw, head, until

HIDDEN = "leaving"
PROBE = ("SELECT current_user, session_user, current_setting('role'), "
    "current_setting('transaction_read_only'), current_setting("
    "'search_path'), current_setting('app.workspace_id', true), "
    "current_setting('statement_timeout'), (SELECT string_agg(body, ',' "
    "ORDER BY body) FROM notes)")


class Leaving(Doors):
    def next_tenants(self):
        """What the other tenant finds on the connections of the pools."""
        return {json.dumps(self.b.execute(PROBE).rows) for _ in range(8)}

    def count(self, body):
        return int(self.srv.super.do("SELECT count(*) FROM notes WHERE body "
            "LIKE '%s%%'" % body)[0])

    def clean(self, before, what):
        wrong = []
        if not until(lambda: self.srv.super.do("SELECT count(*) FROM "
                "pg_stat_activity WHERE usename LIKE 'acdb\\_dp\\_%%' AND "
                "state <> 'idle'") == ["0"]):
            wrong.append("%s: a session is not idle" % what)
        found = self.next_tenants()
        if found != before:
            wrong.append("%s: the next tenant finds %s" % (what, found))
        if any("A-note" in x or HIDDEN in x for x in found):
            wrong.append("%s: the next tenant sees" % what)
        return wrong

    def write(self, mark):
        body = json.dumps({"sql": "INSERT INTO notes (body) VALUES ($1) "
            "RETURNING body", "params": ["%s-%s" % (HIDDEN, mark)]}).encode()
        return head(self.a.token, "Content-Length: %d" % len(body)) + body

    def test_at_every_byte_of_a_request(self):
        before, wrong = self.next_tenants(), []
        whole = self.write("cut")
        for n in range(len(whole)):
            c = Raw(self.srv)
            c.send(whole[:n])
            # With a reset, and with the end of the stream.
            c.reset() if n % 2 else c.close()
        wrong = self.clean(before, "requests cut")
        if self.count(HIDDEN) != 0:
            wrong.append("%d that were cut are there" % self.count(HIDDEN))
        return wrong

    def test_at_every_byte_of_an_answer(self):
        before = self.next_tenants()
        c, n = Raw(self.srv), 0
        c.send(self.write("whole"))
        size = sum(len(x) for x in c.answer()[1:]) + 4
        c.close()
        for n in range(0, size, 3):
            c = Raw(self.srv)
            c.send(self.write(n))
            if n > 0:
                c.s.recv(n)
            c.reset()
        wrong = self.clean(before, "answers cut")
        # All whose answer came in part were done, once each and audited.
        n = self.srv.super.do("SELECT count(*), count(DISTINCT body) FROM "
            "notes WHERE body LIKE '%s%%'" % HIDDEN)[0].split("\x1f")
        if n[0] != n[1] or int(n[0]) < size // 3:
            wrong.append("%s of %d were done" % (n, size // 3 + 1))
        self.srv.super.do("DELETE FROM notes WHERE body LIKE '%s%%'"
            % HIDDEN)
        return wrong

    def test_while_it_runs(self):
        """With a temporary state of every kind under way."""
        before, wrong = self.next_tenants(), []
        for i, (c, sql) in enumerate((
            (self.a, "SELECT pg_sleep(1.2), body FROM notes"),
            (self.admin, "DO $$ BEGIN PERFORM set_config('app.workspace_id',"
                " 'x', false), pg_sleep(1.2); END $$"),
            (self.admin, "DO $$ BEGIN SET statement_timeout = 99; PERFORM "
                "pg_sleep(1.2); END $$"),
            (self.a, "INSERT INTO notes (body) SELECT '%s-slow' FROM "
                "pg_sleep(1.2)" % HIDDEN),
        )):
            raw = Raw(self.srv)
            body = json.dumps({"sql": sql + " -- leave %d\n" % i}).encode()
            raw.send(head(c.token, "Content-Length: %d" % len(body)) + body)
            if not until(lambda: self.active("%%-- leave %d%%" % i), 3):
                wrong.append("%d was never seen to run" % i)
            raw.reset()
        wrong += self.clean(before, "statements left")
        if self.count(HIDDEN):
            wrong.append("a write that was left came through")
        return wrong

    def test_in_a_batch_and_in_a_tool(self):
        before = self.next_tenants()
        for path, body in (
            ("/v1/sql/batch", {"statements": [{"sql": "INSERT INTO notes "
                "(body) VALUES ('%s')" % HIDDEN}, {"sql":
                "SELECT pg_sleep(1.3)"}]}),
            (MCP, {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": {"name": "sql_execute", "arguments": {"sql":
                "INSERT INTO notes (body) SELECT '%s' FROM pg_sleep(1.3)"
                % HIDDEN}}}),
        ):
            text = json.dumps(body).encode()
            raw = Raw(self.srv)
            raw.send(head(self.a.token, "Content-Length: %d" % len(text),
                "Content-Type: application/json",
                "MCP-Protocol-Version: 2025-11-25", path=path) + text)
            until(lambda: self.active("%pg_sleep(1.3)%"), 3)
            raw.reset()
        wrong = self.clean(before, "a batch left")
        if self.count(HIDDEN):
            wrong.append("a write that was left came through")
        return wrong

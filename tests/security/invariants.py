"""What has to be so after every attack: analysis of the other tenant's rows,
catalogs, the session that the attack ran in, and its neighbours."""

import json
import re
import secrets
import time

from server import WS

PROBE = ("SELECT pg_backend_pid(), current_user, session_user, "
    "current_setting('role'), current_setting('search_path'), "
    "current_setting('transaction_read_only'), corpus.session(), "
    "(SELECT string_agg(body, ',' ORDER BY body) FROM notes)")

# One change a kind of checksum, made and rolled back: a checksum that stays
# the same is none.
CHANGES = {
    "rows": "UPDATE public.notes SET body = 'x' WHERE body = 'B-SECRET 1'",
    "keys": "UPDATE acdb.api_keys SET pg_role = 'dbuser' "
        "WHERE key_id = 'HASH-K-MARK'",
    "authid": "ALTER ROLE dbuser CREATEDB",
    "members": "GRANT dbreader TO dbuser",
    "defaults": "ALTER ROLE dbuser SET work_mem = '5MB'",
    "own": "ALTER ROLE dbadmin SET work_mem = '5MB'",
    "default acls": "ALTER DEFAULT PRIVILEGES FOR ROLE dbadmin GRANT "
        "TRUNCATE ON TABLES TO dbuser",
    "acls": "GRANT TEMPORARY ON DATABASE agentcoopdb TO dbuser",
    "relations": "GRANT TRUNCATE ON public.notes TO dbuser",
    "policies": "DROP POLICY acdb_guard ON public.notes",
    "functions": "GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text) "
        "TO dbuser",
    "event triggers": "ALTER EVENT TRIGGER acdb_refuse DISABLE",
    "types": "CREATE DOMAIN public.x AS int",
}


class Watch:
    def __init__(self, srv):
        self.srv, self.sql = srv, srv.super
        self.name, self.serial = secrets.token_hex(4), 0
        self.sibling = srv.login("sibling", "acdb_dp_dbuser")
        self.sibling_pid = self.sibling.do(
            "BEGIN; SELECT pg_backend_pid(); "
            "SELECT 'B-SECRET literal' \\g /dev/null\n")[0]
        self.password = self.sql.do("SELECT rolpassword FROM pg_authid "
            "WHERE rolname = 'acdb_dp_dbadmin'")[0]
        for role in ("dbadmin", "dbuser", "dbreader"):
            srv.client(role, "A"), srv.client(role, "B")
        self.secrets = self.marks()
        self.fresh = {}
        for role in ("dbadmin", "dbuser", "dbreader"):
            self.reconnect(role)
            self.fresh[role] = self.probe(role, "B")[1]
        self.base = self.sums()

    def marks(self):
        """What must be in no answer: texts, and bytes as hexadecimal."""
        marks = ["B-SECRET", "HASH-B-MARK", "HASH-K-MARK",
            b"HASH-B-MARK".hex()]
        marks += self.sql.do("SELECT encode(ipad, 'hex') FROM acdb.ctx_key "
            "UNION ALL SELECT encode(opad, 'hex') FROM acdb.ctx_key")
        marks += self.sql.do("SELECT rolpassword FROM pg_authid WHERE "
            "rolpassword IS NOT NULL")
        marks += self.sql.do("SELECT encode(secret_hash, 'hex') FROM "
            "acdb.api_keys WHERE secret_hash IS NOT NULL")
        return marks

    def marker(self, answer):
        text = answer.text()
        for m in self.secrets:
            if m in text:
                return "the answer has %s: %s" % (m[:20], text[-300:])
        return None

    def next_request(self):
        self.serial += 1
        return "corpus-%s-%d" % (self.name, self.serial)

    def sums(self):
        lines = self.sql.do("SELECT * FROM corpus.checksums()")
        return dict(line.split("\x1f") for line in lines)

    def prove(self):
        wrong = []
        for kind, change in CHANGES.items():
            self.sql.do("BEGIN; " + change)
            now = self.sums()
            self.sql.do("ROLLBACK")
            if now[kind] == self.base[kind]:
                wrong.append("the checksum of %s does not change by: %s" %
                    (kind, change))
        missing = set(self.base) ^ set(CHANGES)
        if missing:
            wrong.append("not proved: %s" % missing)
        if self.sums() != self.base:
            wrong.append("the proof left something behind")
        return wrong

    def backends(self):
        """Of acdbd's pool: pid -> login, state."""
        lines = self.sql.do("SELECT pid, usename, state FROM "
            "pg_stat_activity WHERE usename ~ '^acdb_dp_' "
            "ORDER BY pid")
        return {f[0]: f[1:] for f in (x.split("\x1f") for x in lines)}

    def kill(self, pids):
        for pid in pids:
            self.sql.do("SELECT pg_terminate_backend(%s, 5000)" % pid)

    def reconnect(self, role):
        """The pool's connections of a role are lost: new ones are made."""
        self.kill(pid for pid, (login, _) in self.backends().items()
            if login == "acdb_dp_" + role and pid != self.sibling_pid)

    def ready(self, role):
        """The pool has at most one connection of the role."""
        mine = self.pool(role)
        if len(mine) > 1:
            self.kill(mine[1:])

    def pool(self, role):
        return [pid for pid, (login, _) in self.backends().items()
            if login == "acdb_dp_" + role and pid != self.sibling_pid]

    def settle(self):
        """Every connection of the pool idle again."""
        end = time.monotonic() + 6
        while time.monotonic() < end:
            b = self.backends()
            if all(state == "idle" for pid, (_, state) in b.items()
                    if pid != self.sibling_pid):
                return b, None
            time.sleep(0.01)
        return b, "a connection stays busy: %s" % b

    def probe(self, role, ws):
        a = self.srv.client(role, ws).execute(PROBE)
        if a.status != 200:
            return None, "the next call fails: " + a.text()[-300:]
        row = a.rows[0]
        return str(row[0]), "\n".join(str(v) for v in row[1:]), a.seconds

    def sessions(self, role, busy):
        """Whoever comes next finds each session as a fresh one is."""
        pids = [p for p, (login, _) in busy.items()
            if login == "acdb_dp_" + role and p != self.sibling_pid]
        wrong = []
        for _ in range(len(pids) + 2):
            pid, state, *seconds = self.probe(role, "B")
            if pid is None:
                return wrong + [state]
            if seconds[0] > 5:
                wrong.append("the next call took %.1f s" % seconds[0])
            if state != self.fresh[role]:
                wrong.append("the session of %s is not as fresh: %s" % (role,
                    difference(self.fresh[role], state)))
                self.kill([pid])
            if pid in pids:
                pids.remove(pid)
            alive = set(self.pool(role))
            pids = [p for p in pids if p in alive]
            if not pids:
                return wrong
            self.kill([pid])    # so that the other one is lent
        return wrong + ["connections that nobody gets: %s" % pids]

    def check(self, attack, answer):
        role, wrong = attack["as"], []
        self.sql.do("DELETE FROM public.notes WHERE body = 'ok'; "
            "SELECT corpus.reseed()")
        busy, late = self.settle()
        wrong.append(late)
        wrong += self.sessions(role, busy)
        if role != "dbuser":
            wrong += self.sessions("dbuser", busy)
        if self.sibling_pid not in busy:
            wrong.append("the sibling session is gone")
            self.srv.psql.pop("sibling")
            self.sibling = self.srv.login("sibling", "acdb_dp_dbuser")
            self.sibling_pid = self.sibling.do(
                "BEGIN; SELECT pg_backend_pid()")[0]
        wrong += self.catalogs(attack)
        wrong += self.audited(attack, answer)
        return wrong

    def catalogs(self, attack):
        now, wrong = self.sums(), []
        for kind in self.base:
            if now[kind] == self.base[kind]:
                continue
            if kind == "own" and attack["as"] == "dbadmin":
                self.heal()
                continue
            wrong.append("changed: " + kind)
        if wrong:
            self.sql.do("SELECT corpus.restore()")
            self.base = self.sums()     # told once
        return wrong

    def heal(self):
        self.sql.do("ALTER ROLE acdb_dp_dbadmin RESET ALL; "
            "ALTER ROLE acdb_dp_dbadmin SET temp_file_limit = '1GB'; "
            "ALTER ROLE acdb_dp_dbadmin SET log_parameter_max_length = 0; "
            "ALTER ROLE dbadmin RESET ALL; "
            "ALTER ROLE acdb_dp_dbadmin PASSWORD '%s'" % self.password)
        self.base["own"] = self.sums()["own"]

    def audited(self, attack, answer):
        """One row a call, durable before its answer."""
        ids = dict((k.lower(), v) for k, v in answer.headers)
        request = ids.get("x-request-id", "")
        if not re.fullmatch(r"[\x21-\x7e]{1,200}", request):
            return ["no sane X-Request-Id: %r" % request]
        n = self.sql.do("SELECT count(*) FROM acdb.audit_logs WHERE "
            "request_id = '%s' AND workspace_id = '%s'" %
            (request.replace("'", "''"), WS["A"]))[0]
        return [] if n == "1" else ["%s audit rows for the call" % n]


def difference(a, b):
    pairs = zip(re.split(r"[ \n](?=\S)", a), re.split(r"[ \n](?=\S)", b))
    found = [(x, y) for x, y in pairs if x != y]
    return json.dumps(found[:6])

"""A private acdbd with its PostgreSQL, as the security tests need it: one
worker, so that the pool is one, an API client, and the superuser's eyes."""

import base64
import hmac
import http.client
import json
import os
import random
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LOCAL = TOP + "/deploy/local/"
WS = {
    "A": "aaaaaaaa-0000-4000-8000-000000000001",
    "B": "bbbbbbbb-0000-4000-8000-000000000002",
}
TIMEOUT_MS = 1500


def bin_dir():
    o = os.environ.get("O", "build/release")
    return (o if o.startswith("/") else TOP + "/" + o) + "/bin"


def free_port():
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) != 0:
                return port


class Psql:
    """One psql that is kept; each text sent to it is answered by rows."""

    def __init__(self, server, user, password):
        env = dict(os.environ, PGPASSWORD=password, PGCLIENTENCODING="UTF8")
        bindir = subprocess.run([LOCAL + "pg-bindir.sh"], check=True,
            capture_output=True, text=True).stdout.strip()
        self.proc = subprocess.Popen([bindir + "/psql", "-XqAt", "-F",
            "\x1f", "-v", "ON_ERROR_STOP=0", "-h", server.dir + "/db/run",
            "-U", user, "-d", "agentcoopdb"], env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.lock = threading.Lock()
        self.ask("SET lock_timeout = '30s'")    # say so, and do not hang

    def ask(self, sql):
        """The lines that psql prints: rows, or what went wrong."""
        with self.lock:
            self.proc.stdin.write(sql + "\n;\n\\echo -=end=-\n")
            self.proc.stdin.flush()
            lines = []
            for line in self.proc.stdout:
                if line == "-=end=-\n":
                    return lines
                lines.append(line.rstrip("\n"))
        raise RuntimeError("psql ended: " + "\n".join(lines))

    def do(self, sql):
        """As ask(), for what must not fail."""
        lines = self.ask(sql)
        for line in lines:
            if line.startswith(("ERROR:", "FATAL:", "psql:")):
                raise RuntimeError(sql + "\n" + "\n".join(lines))
        return lines

    def close(self):
        self.proc.stdin.close()
        self.proc.wait()


class Answer:
    def __init__(self, status, headers, raw, seconds):
        self.status, self.headers = status, headers
        self.raw, self.seconds = raw, seconds
        try:
            self.json = json.loads(raw)
        except ValueError:
            self.json = None

    @property
    def problem(self):
        """What refused it: the title, or "title sqlstate"."""
        if self.status < 400 or not isinstance(self.json, dict):
            return ""
        return " ".join(str(self.json[k]) for k in ("title", "sqlstate")
            if self.json.get(k))

    @property
    def rows(self):
        j = self.json if isinstance(self.json, dict) else {}
        if "results" in j:
            j = j["results"][0]
        return j.get("rows", [])

    def text(self):
        head = "\n".join("%s: %s" % h for h in self.headers)
        return head + "\n\n" + self.raw.decode("utf-8", "replace")


class Client:
    """One key on one connection."""

    def __init__(self, server, token):
        self.server, self.token, self.conn = server, token, None

    def connect(self):
        if self.conn is not None:
            self.conn.close()
        self.conn = http.client.HTTPSConnection("localhost",
            self.server.port, timeout=60, context=self.server.tls)

    def call(self, method, path, body=None, headers=None):
        h = {"Authorization": "Bearer " + self.token}
        h.update(headers or {})
        data = None
        if body is not None:
            h["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        for attempt in (1, 2):
            if self.conn is None or attempt == 2:
                self.connect()
            began = time.monotonic()
            try:
                self.conn.request(method, path, data, h)
                r = self.conn.getresponse()
                raw = r.read()
            except (http.client.RemoteDisconnected, ConnectionError,
                    BrokenPipeError):
                if attempt == 2:
                    raise
                continue    # an idle connection that the server closed
            return Answer(r.status, r.getheaders(), raw,
                time.monotonic() - began)

    def execute(self, sql, params=None, more=None, headers=None):
        body = {"sql": sql}
        if params:
            body["params"] = params
        body.update(more or {})
        return self.call("POST", "/v1/sql/execute", body, headers)

    def batch(self, sql, params=None, more=None, headers=None):
        one = {"sql": sql}
        if params:
            one["params"] = params
        body = {"statements": [one]}
        body.update(more or {})
        return self.call("POST", "/v1/sql/batch", body, headers)


class Server:
    def __init__(self, **settings):
        self.dir = tempfile.mkdtemp(prefix="acdb-sec.", dir="/tmp")
        os.chmod(self.dir, 0o755)
        self.port = free_port()
        self.config = self.dir + ".config"
        os.mkdir(self.config)
        self.settings = {
            "WORKERS": "1", "DATABASE_MAX_CONNS": "4",
            "DATABASE_MIN_CONNS": "0", "AUDIT_INCLUDE_SQL": "true",
            "STATEMENT_TIMEOUT": "%dms" % TIMEOUT_MS,
        }
        self.settings.update(settings)
        self.clients, self.psql, self.key_ids = {}, {}, {}

    def env(self):
        e = {k: v for k, v in os.environ.items()
            if not k.startswith("AGENTCOOPDB_") or k.endswith("PG_BINDIR")}
        e.update({"AGENTCOOPDB_" + k: v for k, v in self.settings.items()})
        e.update(UP_DIR=self.dir, UP_BIN=bin_dir(), PORT=str(self.port),
            UP_ENV=self.config + "/up.env", UP_PROFILE="local",
            XDG_CONFIG_HOME=self.config)
        return e

    def run(self, what, *args, **env):
        r = subprocess.run([what, *args], env=dict(self.env(), **env),
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if r.returncode != 0:
            raise RuntimeError("%s: %s" % (what, r.stdout + r.stderr))
        return r.stdout

    def up(self, **settings):
        self.settings.update(settings)
        self.run(LOCAL + "up.sh")
        self.tls = ssl.create_default_context(
            cafile=self.dir + "/tls/cert.pem")
        for c in self.clients.values():
            c.conn = None

    def down(self, purge=False):
        for p in self.psql.values():
            p.close()
        self.psql = {}
        self.run(LOCAL + "down.sh", PURGE="1" if purge else "")
        if purge:
            shutil.rmtree(self.config, ignore_errors=True)
            shutil.rmtree(self.dir, ignore_errors=True)

    def pid(self):
        with open(self.dir + "/acdbd.pid") as f:
            return int(f.read())

    def password(self, login):
        """As lib/secret.h derives it."""
        with open(self.dir + "/db/secret", "rb") as f:
            secret = f.read().strip()
        okm = hmac.digest(hmac.digest(b"agentcoopdb", secret, "sha256"),
            b"acdb login v1:" + login.encode() + b"\1", "sha256")
        return base64.urlsafe_b64encode(okm).rstrip(b"=").decode()

    def login(self, name, user):
        if name not in self.psql:
            self.psql[name] = Psql(self, user, self.password(user))
        return self.psql[name]

    @property
    def super(self):
        return self.login("super", "acdb_super")

    @property
    def version(self):
        """PostgreSQL's major version."""
        with open(self.dir + "/db/data/PG_VERSION") as f:
            return int(f.read())

    def database_env(self):
        run = urllib.parse.quote(self.dir + "/db/run", safe="")
        return {
            "AGENTCOOPDB_DATABASE_URL": "postgresql://agentcoopdb_gateway"
                "@/agentcoopdb?host=" + run,
            "AGENTCOOPDB_GATEWAY_PASSWORD_FILE": self.dir + "/db/secret",
        }

    def mint(self, role, ws, *options):
        out = self.run(bin_dir() + "/acdb-keys", "mint", "--role", role,
            "--workspace", ws, "--rate", "0", *options,
            **self.database_env())
        return out.strip()

    def client(self, role, ws="A"):
        if (role, ws) not in self.clients:
            token = self.mint(role, ws)
            self.clients[role, ws] = Client(self, token)
        return self.clients[role, ws]

    def tenants(self):
        """Two workspaces, their tables and rows."""
        with open(TOP + "/tests/security/state.sql") as f:
            state = f.read()
        sql = self.super
        for name, ws in WS.items():
            sql.do("INSERT INTO acdb.workspaces (id, name) VALUES "
                "('%s', '%s')" % (ws, name))
        sql.do("INSERT INTO acdb.api_keys (workspace_id, key_id, "
            "secret_hash, env, pg_role) VALUES ('%s', 'HASH-K-MARK', "
            "'HASH-B-MARKHASH-B-MARKHASH-B-MAR'::bytea, 'dev', 'dbadmin')"
            % WS["B"])
        admin = self.client("dbadmin")
        for text in (
            "CREATE TABLE notes (workspace_id uuid NOT NULL, id uuid "
            "NOT NULL DEFAULT gen_random_uuid(), body text, created_at "
            "timestamptz DEFAULT now(), PRIMARY KEY (workspace_id, id))",
            "CREATE TABLE legacy (id uuid PRIMARY KEY, workspace_id uuid "
            "NOT NULL, body text)",
            "CREATE POLICY tenant ON legacy USING (workspace_id = "
            "current_setting('app.workspace_id', true)::uuid)",
            "CREATE TABLE shared (id int PRIMARY KEY, body text)",
            "INSERT INTO shared VALUES (1, 'for all')",
        ):
            a = admin.execute(text)
            if a.status != 200:
                raise RuntimeError("%s: %s" % (text, a.text()))
        sql.do(state)
        sql.do("INSERT INTO public.notes (workspace_id, id, body) VALUES "
            "('%s', 'bbbbbbbb-2222-4000-8000-000000000001', 'B-SECRET 1'), "
            "('%s', 'bbbbbbbb-2222-4000-8000-000000000002', 'B-SECRET 2')"
            % (WS["B"], WS["B"]))
        sql.do("INSERT INTO public.legacy (workspace_id, id, body) VALUES "
            "('%s', 'bbbbbbbb-3333-4000-8000-000000000001', 'B-SECRET 3'), "
            "('%s', 'aaaaaaaa-3333-4000-8000-000000000001', 'A-note 3')"
            % (WS["B"], WS["A"]))
        sql.do("SELECT corpus.reseed()")
        for t in ("notes", "legacy", "shared"):
            sql.do("CREATE TABLE corpus.%s AS TABLE public.%s" % (t, t))
        sql.do("ANALYZE public.notes, public.legacy")

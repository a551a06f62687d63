"""A private acdbd with a PostgreSQL of its own, and HTTP to it: for tests
that kill it or load it.  Python's standard library only."""
import base64
import glob
import hashlib
import hmac
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def out_of(*path):
    """The programs of $O, as tests/bats/helper.bash finds them."""
    return os.path.join(TOP, os.environ.get("O", "build/release"), *path)


def until(what, condition, seconds=60):
    """Poll; the value of the condition once it is true."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError("waited %d s for %s" % (seconds, what))
        time.sleep(0.01)


class Lost(Exception):
    """No answer came: the connection was refused or lost, or too slow."""


class Answer:
    __slots__ = ("status", "headers", "body")

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def problem(self):
        """The problem document's members; none for other answers."""
        kind = self.headers.get("content-type", "")
        return self.json() if kind == "application/problem+json" else {}

    def __repr__(self):
        return "%d %s" % (self.status, self.body[:300])


class Client:
    """One keep-alive connection, opened when it is needed."""

    def __init__(self, server, key, timeout=20):
        self.server, self.key, self.timeout = server, key, timeout
        self.sock = None
        self.left = b""

    def close(self):
        if self.sock is not None:
            self.sock.close()
        self.sock, self.left = None, b""

    def connect(self):
        raw = socket.create_connection(("127.0.0.1", self.server.port),
                                       self.timeout)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self.server.tls.wrap_socket(
            raw, server_hostname="localhost")

    def send(self, method, path, body=None, headers=()):
        """Send without awaiting the answer."""
        data = b"" if body is None else json.dumps(body).encode()
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: localhost",
                 "Authorization: Bearer " + self.key]
        lines += ["%s: %s" % h for h in headers]
        if data:
            lines.append("Content-Length: %d" % len(data))
        head = "\r\n".join(lines) + "\r\n\r\n"
        if self.sock is None:
            self.connect()
        self.sock.sendall(head.encode() + data)

    def call(self, method, path, body=None, headers=(), timeout=None):
        """The answer, or Lost."""
        try:
            self.send(method, path, body, headers)
            self.sock.settimeout(timeout or self.timeout)
            answer = self.receive()
        except OSError as e:
            self.close()
            raise Lost(str(e)) from e
        if answer.headers.get("connection") == "close":
            self.close()
        return answer

    def more(self):
        chunk = self.sock.recv(65536)
        if not chunk:
            raise ConnectionError("closed before the answer's end")
        self.left += chunk

    def receive(self):
        while b"\r\n\r\n" not in self.left:
            self.more()
        head, self.left = self.left.split(b"\r\n\r\n", 1)
        first, *lines = head.decode().split("\r\n")
        headers = {}
        for line in lines:
            name, value = line.split(": ", 1)
            headers[name.lower()] = value
        want = int(headers.get("content-length", 0))
        parts, have = [self.left], len(self.left)
        self.left = b""
        while have < want:
            chunk = self.sock.recv(65536)
            if not chunk:
                raise ConnectionError("closed within the body")
            parts.append(chunk)
            have += len(chunk)
        body = b"".join(parts)
        body, self.left = body[:want], body[want:]
        return Answer(int(first.split()[1]), headers, body)

    def sql(self, text, params=None, **more):
        body = dict({"sql": text}, **more)
        if params is not None:
            body["params"] = params
        return self.call("POST", "/v1/sql/execute", body)


def children(pid):
    """(pid, name of its program) of each child."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            pids = [int(p) for p in f.read().split()]
    except OSError:
        return []
    found = []
    for p in pids:
        try:
            with open("/proc/%d/comm" % p) as f:
                found.append((p, f.read().strip()))
        except OSError:
            continue
    return found


def kill(pid, signo=signal.SIGKILL):
    try:
        os.kill(pid, signo)
        return True
    except ProcessLookupError:
        return False


class Server:
    """acdbd --embedded in a directory of its own; or, beside another one, a
    second acdbd on its database."""

    def __init__(self, settings=None, beside=None):
        self.dir = tempfile.mkdtemp(prefix="acdb-live.", dir="/tmp")
        os.chmod(self.dir, 0o755)
        self.beside = beside
        self.db = beside.db if beside else os.path.join(self.dir, "db")
        self.logfile = os.path.join(self.dir, "acdbd.log")
        self.cert = os.path.join(self.dir, "cert.pem")
        self.settings = settings or {}
        self.process = None
        self.starts = 0
        self.port = self.free_port()
        self.make_certificate()
        self.tls = ssl.create_default_context(cafile=self.cert)
        self.psql = os.path.join(subprocess.check_output(
            [os.path.join(TOP, "deploy/local/pg-bindir.sh")],
            text=True).strip(), "psql")

    @staticmethod
    def free_port():
        # Below the range that the system hands out by itself.
        chance = random.SystemRandom()
        for _ in range(100):
            port = chance.randrange(20000, 32000)
            with socket.socket() as s:
                try:
                    s.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    continue
        raise OSError("no free port")

    def make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-sha256", "-days", "30",
             "-config", "/dev/null", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-addext", "basicConstraints=critical,CA:FALSE",
             "-keyout", self.dir + "/key.pem", "-out", self.cert],
            check=True, stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def environment(self):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("AGENTCOOPDB_")
               or k == "AGENTCOOPDB_PG_BINDIR"}
        env.update({
            "AGENTCOOPDB_HTTP_ADDR": "127.0.0.1:%d" % self.port,
            "AGENTCOOPDB_TLS_CERT": self.cert,
            "AGENTCOOPDB_TLS_KEY": self.dir + "/key.pem",
            "AGENTCOOPDB_LOG_FORMAT": "text",
        })
        env.update(self.settings)
        if self.beside:
            env["AGENTCOOPDB_MIGRATE_ON_START"] = "false"
            env.update(self.gateway())
        return env

    def gateway(self):
        """Settings that lead to the database."""
        host = (self.db + "/run").replace("/", "%2F")
        return {
            "AGENTCOOPDB_DATABASE_URL": "postgresql://agentcoopdb_gateway@/"
                                        "agentcoopdb?host=" + host,
            "AGENTCOOPDB_GATEWAY_PASSWORD_FILE": self.db + "/secret"}

    def launch(self):
        """Start acdbd; wait_ready() tells when it serves."""
        where = [] if self.beside else ["--embedded=" + self.db]
        with open(self.logfile, "ab") as log:
            self.process = subprocess.Popen(
                [out_of("bin/acdbd"), *where],
                env=self.environment(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        self.starts += 1

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def ready(self):
        client = Client(self, "none", 5)
        try:
            return client.call("GET", "/readyz").status == 200
        except Lost:
            return False
        finally:
            client.close()

    def start(self, seconds=120):
        """Start it as often as it takes: the port is free, and PostgreSQL
        gone, a moment after what was killed."""
        def up():
            if not self.alive():
                self.launch()
            return self.ready()
        until("acdbd to serve", up, seconds)

    def workers(self):
        return [p for p, exe in children(self.process.pid)
                if exe.startswith("acdbd")]

    def postmaster(self):
        for p, exe in children(self.process.pid):
            if exe.startswith("postgres"):
                return p
        return None

    def stop(self, seconds=60):
        """Drain; returns the exit status."""
        if not self.alive():
            return None
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def remove(self):
        if self.alive():
            self.process.kill()
            self.process.wait()
        if not self.beside:
            until("what was left behind to end",
                  lambda: not self.leftovers())
        shutil.rmtree(self.dir, ignore_errors=True)

    def leftovers(self):
        """Processes that still use the directory."""
        found = []
        for p in os.listdir("/proc"):
            if not p.isdigit():
                continue
            try:
                with open("/proc/%s/cmdline" % p, "rb") as f:
                    if self.db.encode() in f.read():
                        found.append(int(p))
                    elif os.readlink("/proc/%s/cwd" % p).startswith(self.db):
                        found.append(int(p))
            except OSError:
                continue
        return found

    def log(self):
        with open(self.logfile, errors="replace") as f:
            return f.read()

    def database_log(self):
        """PostgreSQL's own, whole."""
        text = ""
        for path in sorted(glob.glob(self.db + "/log/postgresql-*.log")):
            with open(path, errors="replace") as f:
                text += f.read()
        return text

    # The database itself.

    def password(self, login):
        """As lib/secret.h derives it."""
        def mac(key, text):
            return hmac.new(key, text, hashlib.sha256).digest()
        with open(self.db + "/secret", "rb") as f:
            secret = f.read().strip()
        okm = mac(mac(b"agentcoopdb", secret),
                  b"acdb login v1:" + login.encode() + b"\1")
        return base64.urlsafe_b64encode(okm).rstrip(b"=").decode()

    def query(self, text):
        """As the cluster's superuser, past acdbd: lists of texts."""
        env = dict(os.environ, PGPASSWORD=self.password("acdb_super"))
        done = subprocess.run(
            [self.psql, "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h",
             self.db + "/run", "-U", "acdb_super", "-d", "agentcoopdb",
             "-c", text], env=env, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def mint(self, role, *options):
        """A key without a rate limit."""
        return self.tool("acdb-keys", "mint", "--role", role, "--rate", "0",
                         *options)

    def tool(self, name, *arguments):
        env = dict(self.environment(), **self.gateway())
        done = subprocess.run([out_of("bin", name), *arguments], env=env,
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def metric(self, name):
        client = Client(self, "none")
        text = client.call("GET", "/metrics").body.decode()
        client.close()
        for line in text.splitlines():
            if line.startswith("agentcoopdb_" + name + " "):
                return float(line.split()[1])
        raise KeyError(name)

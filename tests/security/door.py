"""What the attacks at the doors share: connections that say what they are
told, keys, and waiting for what has to come within a time."""

import json
import os
import re
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import server

SQL = "/v1/sql/execute"
BATCH = "/v1/sql/batch"
RPC = "/v1/rpc/call"
MCP = "/v1/mcp"
# Seconds.  A busy machine takes its time over what is bounded, too; what is
# not takes minutes.  What has a deadline of a second ends; and a key, within
# one on a machine at rest.
SLOW = 10
LIVES = 12
ENDS = 3
BODIES = "SELECT body FROM notes ORDER BY body"


def rest(s):
    """All that comes, and whether the other side ended it."""
    got = b""
    try:
        while True:
            part = s.recv(65536)
            if not part:
                return got, True
            got += part
    except TimeoutError:
        return got, False
    except OSError:
        return got, True


class Raw:
    """A TLS connection that says what it is told."""

    def __init__(self, srv, timeout=10, source="127.0.0.1", tls=None):
        self.plain = socket.create_connection(("127.0.0.1", srv.port),
            timeout, (source, 0))
        self.plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s = (tls or srv.tls).wrap_socket(self.plain,
            server_hostname="localhost")

    def send(self, data):
        self.s.sendall(data)

    def rest(self):
        return rest(self.s)

    def answer(self):
        """One answer of those with a Content-Length: (status, head, body);
        (0, what came, b"") where the connection ended."""
        got = b""
        while b"\r\n\r\n" not in got:
            part = self.recv()
            if not part:
                return 0, got, b""
            got += part
        head, _, body = got.partition(b"\r\n\r\n")
        m = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        while len(body) < (int(m.group(1)) if m else 0):
            part = self.recv()
            if not part:
                return 0, got, b""
            body += part
        return int(head[9:12]), head, body

    def recv(self):
        try:
            return self.s.recv(65536)
        except ConnectionError:
            return b""

    def ask(self, token, sql, *lines):
        self.send(request(token, sql, *lines))
        return self.answer()

    def reset(self):
        """Go at once, with no word of TLS."""
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
            struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        try:
            os.close(self.s.detach())
        except OSError:
            pass


def head(token, *lines, path=SQL, method="POST"):
    return ("%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
        "%s\r\n%s\r\n" % (method, path, token,
        "".join(x + "\r\n" for x in lines))).encode("latin-1")


def request(token, sql, *lines):
    body = json.dumps({"sql": sql}).encode()
    return head(token, "Content-Length: %d" % len(body), *lines) + body


def statuses(raw):
    return [int(x) for x in re.findall(rb"HTTP/1\.1 (\d{3}) ", raw)]


def key_id(token):
    """By position: an id may hold a "_"."""
    return token[token.index("_", 4) + 1:][:16]


def until(look, seconds=10):
    """Whether look() comes true in time: what is awaited, and no longer."""
    end = time.monotonic() + seconds
    while True:
        if look():
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.01)


class Later(threading.Thread):
    """A call whose answer comes later."""

    def __init__(self, call, *args, **more):
        super().__init__(daemon=True)
        self.what, self.answer = (call, args, more), None
        self.start()

    def run(self):
        call, args, more = self.what
        try:
            self.answer = call(*args, **more)
        except OSError as e:
            self.answer = e

    def wait(self, seconds=30):
        self.join(seconds)
        return self.answer


class Doors:
    """What a set of attacks works with; each test_ tells what got through."""

    def __init__(self, srv):
        self.srv = srv
        self.a = srv.client("dbuser", "A")
        self.b = srv.client("dbuser", "B")
        self.admin = srv.client("dbadmin", "A")
        self.admin_b = srv.client("dbadmin", "B")

    def fresh(self, role="dbuser", ws="A", *options):
        return server.Client(self.srv, self.srv.mint(role, ws, *options))

    def token(self, **wish):
        """A key minted by dbadmin over the API."""
        wish = dict({"pg_role": "dbuser", "rate_per_second": 0}, **wish)
        return self.admin.call("POST", "/v1/auth/keys", wish).json["token"]

    def active(self, like):
        """How many statements like that run in PostgreSQL."""
        return int(self.srv.super.do("SELECT count(*) FROM pg_stat_activity "
            "WHERE usename LIKE 'acdb\\_dp\\_%%' AND state = 'active' AND "
            "query LIKE '%s'" % like)[0])

"""Handshakes that are old, weak, slow, cut or none; and what a process that
holds secrets shows of them."""

import os
import re
import socket
import ssl
import subprocess
import time

import server
from door import LIVES, SLOW, Doors, Later, Raw, request, until


def hello():
    """The first flight of a client, as bytes."""
    ctx = ssl.create_default_context()
    out = ssl.MemoryBIO()
    try:
        ctx.wrap_bio(ssl.MemoryBIO(), out,
            server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


class Handshakes(Doors):
    def context(self, **more):
        ctx = ssl.create_default_context(
            cafile=self.srv.dir + "/tls/cert.pem")
        for k, v in more.items():
            setattr(ctx, k, v)
        return ctx

    def plain(self, timeout=5):
        return socket.create_connection(("127.0.0.1", self.srv.port),
            timeout)

    def ended(self, s, seconds):
        """Whether the server ends it in time; and what it said."""
        s.settimeout(seconds)
        got = b""
        try:
            while part := s.recv(65536):
                got += part
            return True, got
        except TimeoutError:
            return False, got
        except OSError:
            return True, got

    def test_old_versions_and_weak_ciphers(self):
        v = ssl.TLSVersion
        wrong = []
        for version in (v.TLSv1, v.TLSv1_1):
            ctx = self.context()
            ctx.set_ciphers("ALL:@SECLEVEL=0")
            ctx.minimum_version = ctx.maximum_version = version
            try:
                Raw(self.srv, tls=ctx)
                wrong.append("%s is spoken" % version)
            except (ssl.SSLError, ConnectionError):
                pass
        for suite in ("kRSA", "DHE", "CBC", "SHA1", "SHA256", "SHA384",
                "3DES", "aNULL", "eNULL", "PSK", "CAMELLIA", "ARIA",
                "AESCCM"):
            ctx = self.context(maximum_version=v.TLSv1_2)
            try:
                ctx.set_ciphers({"CBC": "AES128-SHA:ECDHE-RSA-AES128-SHA:"
                    "ECDHE-ECDSA-AES256-SHA", "SHA384": "ECDHE+SHA384:"
                    "!AESGCM", "SHA256": "ECDHE+SHA256:!AESGCM:!CHACHA20"}
                    .get(suite, suite) + ":@SECLEVEL=0")
            except ssl.SSLError:
                continue                # not even built
            try:
                c = Raw(self.srv, tls=ctx)
                wrong.append("%s: %s" % (suite, c.s.cipher()))
            except (ssl.SSLError, ConnectionError):
                pass
        ctx = self.context()
        ctx.set_alpn_protocols(["h2"])
        try:
            Raw(self.srv, tls=ctx)
            wrong.append("a client of h2 alone is taken")
        except (ssl.SSLError, ConnectionError):
            pass
        return wrong

    def test_nothing_is_resumed(self):
        """Nor, then, is there early data to be replayed."""
        wrong = []
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            ctx = self.context(maximum_version=version)
            c = Raw(self.srv, tls=ctx)
            c.ask(self.a.token, "SELECT 1")
            session = c.s.session
            c.close()
            if session is not None and session.has_ticket:
                wrong.append("%s: a ticket" % version)
            if session is None:
                continue
            plain = self.plain()
            try:
                s = ctx.wrap_socket(plain, server_hostname="localhost",
                    session=session)
                if s.session_reused:
                    wrong.append("%s: resumed" % version)
                s.close()
            except ssl.SSLError:
                pass
        r = subprocess.run(["openssl", "s_client", "-connect",
            "127.0.0.1:%d" % self.srv.port, "-tls1_2", "-CAfile",
            self.srv.dir + "/tls/cert.pem"], input=b"R\nGET /healthz "
            b"HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            capture_output=True, timeout=20)
        if b"200 OK" in r.stdout or b"RENEGOTIATING" not in \
                r.stdout + r.stderr:
            wrong.append("renegotiated: %s" % r.stdout[-200:])
        return wrong

    def test_slow_handshakes(self):
        """Each ends by the deadline of a head, however it is spun out; and
        nobody waits for them."""
        first, wrong = hello(), []
        slow = [self.plain() for _ in range(24)]
        for i, s in enumerate(slow[8:16]):
            s.sendall(first[:i * 20 + 1])
        began = time.monotonic()
        beside = Later(self.a.execute, "SELECT 1")
        n = 0
        while time.monotonic() - began < 0.9:
            for s in slow[16:]:
                try:
                    s.sendall(first[n:n + 1])
                except OSError:
                    pass
            n += 1
            time.sleep(0.02)
        if beside.wait().seconds > SLOW:
            wrong.append("others wait")
        for i, s in enumerate(slow):
            if not self.ended(s, SLOW)[0]:
                wrong.append("number %d stays" % i)
            s.close()
        if time.monotonic() - began > LIVES:
            wrong.append("they stayed %.1f s" % (time.monotonic() - began))
        return wrong

    def test_cut_handshakes(self):
        first = hello()
        for n in range(0, len(first), 5):
            s = self.plain()
            s.sendall(first[:n])
            if n % 2:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    b"\1\0\0\0\0\0\0\0")
            s.close()
        a = self.a.execute("SELECT 1")
        return [] if a.status == 200 else ["behind them: %d" % a.status]

    def test_what_is_no_handshake(self):
        """It ends, and its SQL is not run."""
        first, wrong = hello(), []
        mark = "INSERT INTO shared VALUES (88, 'plain')"
        http = request(self.a.token, mark)
        for what, data in (
            ("HTTP", http),
            ("HTTP, much of it", http + b"x" * 300000),
            ("HTTP in one record", b"\x17\3\3" + len(http).to_bytes(2, "big")
                + http),
            ("HTTP behind a hello", first + http),
            ("a hello twice", first + first),
            ("an endless record", b"\x16\3\1\xff\xff" + b"\1" * 70000),
            ("an empty record", b"\x16\3\1\0\0" * 5000),
            ("alerts", b"\x15\3\1\0\2\1\0" * 5000),
            ("a hello of SSL 2", b"\x80\x2e\1\0\2\0\x15\0\0\0\x10"
                + b"\0" * 40),
            ("noise", bytes(range(256)) * 50),
            ("a proxy's line", b"PROXY TCP4 203.0.113.5 127.0.0.1 1 2\r\n"
                + first),
            ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ):
            s = self.plain()
            try:
                s.sendall(data)
            except OSError:
                pass
            over, got = self.ended(s, 4)
            s.close()
            if not over:
                wrong.append("%s: stays" % what)
            if b"200 OK" in got or b"rows" in got:
                wrong.append("%s: answered" % what)
            if what == "HTTP" and b"https_required" not in got:
                wrong.append("HTTP is not told: %s" % got)
        if self.srv.super.do("SELECT count(*) FROM shared WHERE id = 88") \
                != ["0"]:
            wrong.append("plaintext was run")
        return wrong


class Processes(Doors):
    def children(self, pid):
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(x) for x in f.read().split()]

    def test_no_process_shows_secrets(self):
        with open(self.srv.dir + "/db/secret", "rb") as f:
            marks = [f.read().strip(), self.a.token[25:].encode()]
        marks += [self.srv.password(x).encode() for x in ("acdb_super",
            "agentcoopdb_gateway", "acdb_dp_dbuser", "acdb_dp_dbadmin")]
        wrong, todo = [], [self.srv.pid()]
        while todo:
            pid = todo.pop()
            todo += self.children(pid)
            for name in ("environ", "cmdline"):
                try:
                    with open("/proc/%d/%s" % (pid, name), "rb") as f:
                        text = f.read()
                except PermissionError:
                    continue            # better still
                wrong += ["%d's %s" % (pid, name) for m in marks
                    if m in text]
        return wrong

    def shown(self, pid):
        """What others may take of a process: a core, its memory."""
        wrong = []
        with open("/proc/%d/limits" % pid) as f:
            m = re.search(r"Max core file size +(\S+)", f.read())
        if m.group(1) != "0":
            wrong.append("a core of %s" % m.group(1))
        with open("/proc/%d/status" % pid) as f:
            uid = int(re.search(r"Uid:\t(\d+)", f.read()).group(1))
        # What cannot be dumped belongs to root below /proc.
        if uid != 0 and os.stat("/proc/%d/environ" % pid).st_uid == uid and \
                "asan" not in server.bin_dir():
            wrong.append("it can be traced by its own user")
        return wrong

    def test_none_can_be_dumped(self):
        master, wrong = self.srv.pid(), []
        for pid in [master] + self.children(master):
            with open("/proc/%d/comm" % pid) as f:
                comm = f.read().strip()
            if comm == "acdbd":
                wrong += ["acdbd: " + w for w in self.shown(pid)]
        # Those that are started by hand, while they wait for something.
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen(8)
            s.settimeout(10)
            url = "http://127.0.0.1:%d" % s.getsockname()[1]
            env = dict(os.environ, AGENTCOOPDB_GATEWAY_URL=url,
                AGENTCOOPDB_API_KEY=self.a.token,
                HOME=self.srv.dir, XDG_CONFIG_HOME="/nonexistent")
            db = dict(os.environ, AGENTCOOPDB_DATABASE_URL="postgresql://"
                "agentcoopdb_gateway@127.0.0.1:%d/x" % s.getsockname()[1],
                AGENTCOOPDB_GATEWAY_PASSWORD="not-a-password-of-any")
            for name, args, e in (
                ("acdb", ["-c", "SELECT 1"], env),
                ("acdb-mcp", [], env),
                ("acdb-keys", ["list"], db),
                ("acdb-migrate", ["status"], db),
            ):
                wrong += self.by_hand(s, name, args, e)
        return wrong

    def by_hand(self, s, name, args, env):
        who = {} if os.geteuid() else {"user": "nobody", "group": "nogroup",
            "extra_groups": []}
        p = subprocess.Popen([server.bin_dir() + "/" + name, *args],
            env=env, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, **who)
        guest = None
        try:
            if name == "acdb-mcp":
                p.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":'
                    b'"initialize","params":{"protocolVersion":"2025-11-25",'
                    b'"capabilities":{},"clientInfo":{"name":"x","version":'
                    b'"1"}}}\n')
                p.stdin.flush()
                p.stdout.readline()
            else:
                guest = s.accept()[0]
            wrong = ["%s: %s" % (name, w) for w in self.shown(p.pid)]
            if guest is not None:
                guest.close()
            return wrong
        except OSError as e:
            p.kill()
            return ["%s: %s: %s" % (name, e, p.communicate()[1])]
        finally:
            p.kill()
            p.communicate()

"""TLS byte by byte, so that no library of the client's softens what is said;
what other processes see of ours; requests that carry more than they should,
and clients that do not take what they asked for."""

import os
import re
import socket
import struct
import subprocess
import time

import server
from door import LIVES, SLOW, SQL, Doors, Raw, head, request, rest, \
    statuses, until

ALERT, HANDSHAKE, DATA = 21, 22, 23
TLS12, TLS13 = 0x0303, 0x0304
GOOD = (0xc02b, 0xc02c, 0xcca9)		# ECDHE-ECDSA with AEAD
PROTOCOL_VERSION, INAPPROPRIATE_FALLBACK, NO_PROTOCOL = 70, 86, 120


def vector(bits, data):
    return len(data).to_bytes(bits // 8, "big") + data


def extension(kind, data):
    return struct.pack("!H", kind) + vector(16, data)


def names(*hosts):
    return extension(0, vector(16, b"".join(b"\0" + vector(16, h)
        for h in hosts)))


def extensions(groups=(29, 23, 24)):
    return (extension(10, vector(16, struct.pack("!%dH" % len(groups),
        *groups))) + extension(11, b"\1\0")
        + extension(13, vector(16, struct.pack("!5H", 0x0403, 0x0503,
        0x0804, 0x0401, 0x0203))))


def hello(version=TLS12, ciphers=GOOD, ext=None, compressions=b"\0",
        length=None, session=b""):
    """A ClientHello as a record, or as many as it needs."""
    body = (struct.pack("!H", version) + os.urandom(32)
        + vector(8, session)
        + vector(16, struct.pack("!%dH" % len(ciphers), *ciphers))
        + vector(8, compressions)
        + vector(16, extensions() if ext is None else ext))
    msg = b"\1" + (len(body) if length is None else length).to_bytes(3,
        "big") + body
    return b"".join(b"\x16\3\1" + vector(16, msg[i:i + 16384])
        for i in range(0, len(msg), 16384))


class Said:
    """What a server said to a hello: alert, or version and cipher."""

    def __init__(self, raw):
        self.raw, self.alert, self.version = raw, None, None
        self.cipher, self.compression, self.random = None, None, b""
        self.session = b""
        if len(raw) >= 7 and raw[0] == ALERT:
            self.alert = raw[6]
        if len(raw) > 46 and raw[0] == HANDSHAKE and raw[5] == 2:
            self.version = int.from_bytes(raw[9:11], "big")
            self.random = raw[11:43]
            n = raw[43]
            self.session = raw[44:44 + n]
            self.cipher = int.from_bytes(raw[44 + n:46 + n], "big")
            self.compression = raw[46 + n]

    def __str__(self):
        return "alert %s, version %s, cipher %s: %r" % (self.alert,
            self.version and hex(self.version),
            self.cipher and hex(self.cipher), self.raw[:40])


def worker(srv):
    """One that serves: acdbd's, and not PostgreSQL's."""
    pid = srv.pid()
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        pids = f.read().split()
    for child in pids:
        with open("/proc/%s/comm" % child) as f:
            if f.read() == "acdbd\n":
                return int(child)
    raise RuntimeError("no worker")


def resident(pid):
    if "/asan" in server.bin_dir():
        return 0	# it keeps what was freed, to see it used
    with open("/proc/%d/statm" % pid) as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def peek(pid, user):
    """What of the process another one of that user may read."""
    look = ("for f in environ maps auxv syscall stack mem; do "
        "head -c 1 /proc/%d/$f >/dev/null 2>&1 && echo $f; done; "
        "readlink /proc/%d/fd/0 /proc/%d/exe /proc/%d/cwd" % ((pid,) * 4))
    return subprocess.run(["setpriv", "--reuid=" + user, "--regid=" + user,
        "--clear-groups", "sh", "-c", look], capture_output=True, text=True,
        cwd="/").stdout.split()


def uid_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return re.search(r"Uid:\s+(\d+)", f.read()).group(1)


class Wire(Doors):
    def plain(self, timeout=10):
        s = socket.create_connection(("127.0.0.1", self.srv.port), timeout)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def say(self, data):
        """The server's first words, with the connection closed behind."""
        s = self.plain(3)
        try:
            s.sendall(data)
            got = b""
            while len(got) < 7 or (got[0] == HANDSHAKE and len(got) < 60):
                part = s.recv(4096)
                if not part:
                    break
                got += part
        except OSError:
            pass
        s.close()
        return Said(got)

    def test_versions_and_ciphers(self):
        wrong, said = [], self.say(hello())
        if said.cipher not in GOOD or said.compression != 0:
            wrong.append("what is good: %s" % said)
        if said.random[-8:] != b"DOWNGRD\1":
            wrong.append("no word of a downgrade (RFC 8446 4.1.3)")
        if said.session != b"":
            wrong.append("a session to resume is given")
        for version in (0x0002, 0x0300, 0x0301, 0x0302):
            said = self.say(hello(version, GOOD + (0xc009, 0xc00a, 0xc013,
                0xc014, 0x2f, 0x35, 0x0a)))
            if said.alert is None or (version > 0x0300 and
                    said.alert != PROTOCOL_VERSION):
                wrong.append("version %04x: %s" % (version, said))
        for name, suite in (("ECDSA CBC", 0xc009), ("its SHA-256", 0xc023),
                ("ECDSA RC4", 0xc007), ("ECDSA 3DES", 0xc008),
                ("ECDSA NULL", 0xc006), ("ECDSA CCM", 0xc0ac),
                ("anonymous", 0xc018), ("RSA", 0x9c), ("DHE", 0x9e),
                ("NULL", 1), ("export", 3), ("PSK", 0xa8),
                ("no cipher", 0xff)):
            said = self.say(hello(ciphers=(suite,)))
            if said.alert is None:
                wrong.append("cipher %s: %s" % (name, said))
        said = self.say(hello(ciphers=GOOD + (0x5600,)))
        if said.alert != INAPPROPRIATE_FALLBACK:
            wrong.append("a fallback (RFC 7507): %s" % said)
        said = self.say(hello(compressions=b"\1\0"))
        if said.compression != 0:
            wrong.append("compression: %s" % said)
        said = self.say(hello(ext=extensions() + extension(16, vector(16,
            vector(8, b"h2")))))
        if said.alert != NO_PROTOCOL:
            wrong.append("HTTP/2 alone: %s" % said)
        for group in (19, 21, 1, 22):	# P-192, P-224, a binary, secp256k1
            said = self.say(hello(ext=extensions((group,))))
            if said.alert is None:
                wrong.append("group %d: %s" % (group, said))
        said = self.say(b"\x80\x2e\1\0\2\0\x15\0\0\0\x10" + b"\1\0\x80"
            * 7 + b"x" * 16)
        if said.cipher is not None or said.raw[:1] not in (b"", b"\x15"):
            wrong.append("SSL 2: %s" % said)
        return wrong

    def test_data_before_the_handshake(self):
        """Neither in the clear nor as early data is anything done."""
        wrong = []
        call = request(self.a.token, "INSERT INTO notes (body) VALUES "
            "('early')", "X-Request-Id: early-1")
        early = b"\x17\3\3" + vector(16, call)
        for name, data in (("before the hello", early),
                ("behind it", hello() + early),
                ("as early data", hello(ext=extensions()
                + extension(42, b"") + extension(43, b"\2\3\4")
                + extension(45, b"\1\1") + extension(51, vector(16,
                b"\0\x1d" + vector(16, os.urandom(32))))
                + extension(41, vector(16, vector(16, os.urandom(32))
                + b"\0" * 4) + vector(16, vector(8, os.urandom(32)))))
                + early),
                ("in the clear", call)):
            s = self.plain(4)
            try:
                s.sendall(data)
            except OSError:
                pass
            got, ended = rest(s)
            s.close()
            if b"HTTP/1.1 200" in got or not ended:
                wrong.append("%s: %r" % (name, got[:200]))
        n = self.srv.super.do("SELECT (SELECT count(*) FROM notes WHERE "
            "body = 'early') + (SELECT count(*) FROM acdb.audit_logs WHERE "
            "request_id = 'early-1')")
        return wrong + ([] if n == ["0"] else ["it was done: %s" % n])

    def test_hellos_of_all_sizes(self):
        pid = worker(self.srv)
        before, wrong = resident(pid), []
        for name, data in (
            ("padded to 60 KiB", hello(ext=extensions() + extension(21,
                b"\0" * 60000))),
            ("16 MiB promised", hello(length=0xffffff)),
            ("ciphers without end", hello(ciphers=(0xc0ac,) * 32000)),
            ("no ciphers", hello(ciphers=())),
            ("no compression", hello(compressions=b"")),
            ("session id too long", hello(session=b"s" * 200)),
            ("extension twice", hello(ext=extensions() * 2)),
            ("extension cut", hello(ext=extensions()[:-3])),
            ("in bytes", b"".join(b"\x16\3\1\0\1" + bytes([c])
                for c in hello()[5:])),
        ):
            said = self.say(data)
            if said.raw[:1] not in (b"", b"\x15", b"\x16"):
                wrong.append("%s: %s" % (name, said))
        # Of these many at once: the promise alone takes no memory.
        many = [self.plain(4) for _ in range(60)]
        for s in many:
            s.sendall(hello(length=0xffffff))
        if self.a.execute("SELECT 1").status != 200:
            wrong.append("nobody is served")
        for s in many:
            if not rest(s)[1]:
                wrong.append("one stays")
            s.close()
        grown = resident(pid) - before
        if grown > 40 << 20:
            wrong.append("the worker grew by %d bytes" % grown)
        return wrong

    def test_names_that_are_none(self):
        """Whatever server name is asked for, the certificate is the one
        there is, and the name goes nowhere."""
        wrong = []
        for name in (b"", b"a" * 255, b"x" * 4000, b"a\0b", b"../../etc",
                b"%n%s%n", b"127.0.0.1", b"localhost.", b"\xff\xfe\xfd",
                b"' OR 1=1 --", b"MARK-sni\x1b[31m"):
            said = self.say(hello(ext=extensions() + names(name)))
            if said.alert is None and said.cipher is None:
                wrong.append("%r: %s" % (name[:20], said))
        self.say(hello(ext=extensions() + names(b"a", b"b")))
        with open(self.srv.dir + "/acdbd.log", "rb") as f:
            if b"MARK-sni" in f.read():
                wrong.append("a name stands in the log")
        if self.a.execute("SELECT 1").status != 200:
            wrong.append("nobody is served any more")
        return wrong

    def test_half_handshakes(self):
        """Held open at every stage, or fed a byte now and then: all end by
        the header deadline, counted from the beginning."""
        began, whole = time.monotonic(), hello()
        held = []
        for cut in (0, 1, 4, 5, 6, 40, len(whole) - 1, len(whole)):
            for _ in range(5):
                s = self.plain(8)
                s.sendall(whole[:cut])
                held.append(s)
        slow = [self.plain(8) for _ in range(10)]
        wrong, at = [], 0

        def trickle():
            nonlocal at
            for s in slow:
                try:
                    s.sendall(whole[at:at + 1])
                except OSError:
                    return True
            at += 1
            if self.a.execute("SELECT 1").seconds > SLOW:
                wrong.append("others wait")
            return False

        if not until(trickle, LIVES):
            wrong.append("a trickle is listened to for %d s" % LIVES)
        for s in held + slow:
            if not rest(s)[1]:
                wrong.append("one stays")
            s.close()
        took = time.monotonic() - began
        if took > LIVES:
            wrong.append("they lived for %.1f s" % took)
        return wrong

    def test_a_forged_end(self):
        """Bytes on the wire of a connection that TLS did not make: nothing
        is done of what was not whole, and nothing in the clear is heard."""
        wrong = []
        body = b'{"sql":"INSERT INTO notes (body) VALUES (\'forged\')"}'
        # All but a blank is there: it could be run as it is.
        call = head(self.a.token, "Content-Length: %d" % (len(body) + 1)
            ) + body
        for name, data in (("a FIN", b""), ("an alert in the clear",
                b"\x15\3\3\0\2\1\0"), ("a request in the clear", call),
                ("a record of noise", b"\x17\3\3\0\x40" + os.urandom(64)),
                ("a handshake", hello())):
            c = Raw(self.srv, 4)
            c.send(call)
            fd = os.dup(c.s.fileno())
            if data:
                os.write(fd, data)
            s = socket.socket(fileno=fd)
            s.shutdown(socket.SHUT_WR)
            s.settimeout(4)
            got, ended = rest(s)
            s.close()
            c.close()
            if not ended:
                wrong.append("%s: it stays" % name)
        n = self.srv.super.do("SELECT count(*) FROM notes WHERE body = "
            "'forged'")
        return wrong + ([] if n == ["0"] else ["it was done: %s" % n])


class Others(Doors):
    """Processes of the same machine."""

    def test_nobody_looks_into_a_worker(self):
        """Tried, and not only told: by who runs as the same user, too."""
        if os.geteuid() != 0 or "/asan" in server.bin_dir():
            print("# SKIPPED: needs another user, and no leak check")
            return []
        pid = worker(self.srv)
        wrong = ["%s sees %s of a worker" % (user, seen)
            for user in (uid_of(pid), "12345")
            for seen in [peek(pid, user)] if seen]
        seen = peek(self.srv.pid(), "12345")
        if seen:
            wrong.append("a user sees %s of the master" % seen)
        if "maps" not in peek(os.getpid(), "0"):
            wrong.append("nothing can be seen of anybody")
        return wrong


class Requests(Doors):
    def test_bodies_where_none_belongs(self):
        """They are no requests, whatever the method makes of them."""
        inner = request(self.b.token, "SELECT body FROM notes")
        wrong = []
        for method, path in (("HEAD", "/healthz"), ("OPTIONS", SQL),
                ("GET", "/v1/me"), ("OPTIONS", "*"), ("DELETE", SQL),
                ("TRACE", "/"), ("CONNECT", "localhost:1"),
                ("PATCH", SQL), ("GET", "/nowhere"), ("PRI", "*")):
            for lines, body in ((["Content-Length: %d" % len(inner)], inner),
                    (["Transfer-Encoding: chunked"], b"%x\r\n%s\r\n0\r\n"
                    b"\r\n" % (len(inner), inner))):
                c = Raw(self.srv, 4)
                c.send(head(self.a.token, *lines, path=path, method=method)
                    + body + head(self.a.token, "Connection: close",
                    path="/v1/me", method="GET"))
                got, ended = c.rest()
                c.close()
                if b"B-SECRET" in got or b'"rows"' in got or not ended or \
                        len(statuses(got)) > 2:
                    wrong.append("%s %s, %s: %s" % (method, path, lines,
                        got[-200:]))
        return wrong

    def test_HEAD_has_no_body(self):
        """Else what stands in it were the next one's answer."""
        c, wrong = Raw(self.srv, 4), []
        for path in ("/healthz", "/v1/me", "/nowhere", SQL, "/metrics"):
            c.send(head(self.a.token, path=path, method="HEAD"))
        c.send(head(self.a.token, "Connection: close", path="/v1/me",
            method="GET"))
        got, _ = c.rest()
        c.close()
        parts = got.split(b"HTTP/1.1 ")[1:]
        for p in parts[:-1]:
            if p.partition(b"\r\n\r\n")[2]:
                wrong.append("a body: %s" % p)
        if len(parts) != 6 or not parts[-1].startswith(b"200"):
            wrong.append("answers: %s" % statuses(got))
        return wrong

    def test_conditions_and_ranges(self):
        """Nothing is left out of an answer, and nothing is not done, on the
        word of a cache."""
        wrong = []
        for lines in (["Range: bytes=0-0"], ["Range: bytes=0-,0-,0-,0-"],
                ["If-None-Match: *"], ["If-Match: \"x\""],
                ["If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"],
                ["If-Range: x", "Range: bytes=5-1"],
                ["Range: bytes=" + ",".join("%d-" % i
                for i in range(1000))]):
            c = Raw(self.srv)
            status, _, body = c.ask(self.a.token, "SELECT 'whole'", *lines)
            if status != 200 or b"whole" not in body:
                wrong.append("%s: %d" % (lines[0][:40], status))
            c.send(head(self.a.token, *lines, path="/v1/me", method="GET"))
            status, _, body = c.answer()
            c.close()
            if status != 200 or b'"role"' not in body:
                wrong.append("%s of GET: %d" % (lines[0][:40], status))
        return wrong

    def test_targets_of_elsewhere(self):
        """Another's name in the target leads to no other place, and names
        that disagree are not two opinions."""
        wrong = []
        body = b'{"sql":"SELECT 1"}'
        for target, host, want in (
            ("https://evil.example" + SQL, "Host: localhost", (200, 400,
                421)),
            ("https://u:p@localhost" + SQL, "Host: localhost", (200, 400)),
            ("file://" + SQL, "Host: localhost", (400, 404)),
            ("localhost" + SQL, "Host: localhost", (400,)),
            (SQL, "Host: a\r\nHost: b", (400,)),
            (SQL, "X: y", (400,)),
            (SQL, "Host: a b", (400,)),
            (SQL, "Host: localhost/v1", (400,)),
            (SQL + "#x", "Host: localhost", (400, 404)),
            ("*", "Host: localhost", (400, 404, 405)),
        ):
            c = Raw(self.srv, 4)
            c.send(("POST %s HTTP/1.1\r\n%s\r\nAuthorization: Bearer %s\r\n"
                "Connection: close\r\nContent-Length: %d\r\n\r\n" % (target,
                host, self.a.token, len(body))).encode() + body)
            got, _ = c.rest()
            c.close()
            if len(statuses(got)) != 1 or statuses(got)[0] not in want:
                wrong.append("%s, %s: %s" % (target, host, got[:100]))
        return wrong

    def test_answers_that_nobody_takes(self):
        """They are held for the write deadline, and given up behind it."""
        pid, wrong = worker(self.srv), []

        def conns():
            raw = self.b.call("GET", "/metrics").raw
            return int(re.search(rb"\nagentcoopdb_connections (\d+)",
                raw).group(1))

        before, size, many = conns(), resident(pid), []
        for _ in range(12):
            c = Raw(self.srv, 8)
            c.send(request(self.a.token, "SELECT repeat('x', 6000000)"))
            many.append(c)
        if not until(lambda: conns() >= before + len(many), 2):
            wrong.append("they were never held")
        if self.b.execute("SELECT 1").seconds > SLOW:
            wrong.append("others wait")
        if not until(lambda: conns() <= before, 8):
            wrong.append("%d connections stay" % (conns() - before))
        for c in many:
            c.close()
        # What they held is free: twice as much does not pile up.
        grown = resident(pid) - size
        if grown > 80 << 20:
            wrong.append("the worker keeps %d bytes" % grown)
        return wrong

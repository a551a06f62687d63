#!/usr/bin/env python3
"""Attacks at the doors: what no single statement can do.  Raw sockets, keys,
headers, procedures, handshakes, other people's passwords.  Prints TAP and
"doors: N passed, N failed".

usage: doors.py [PATTERN...]	all, or those whose names hold a pattern
"""

import os
import resource
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import doors_http
import doors_keys
import doors_leave
import doors_mcp
import doors_rpc
import doors_tls
import doors_wire
import server

# The last one looks at what all before it have left in the log.
SETS = (doors_keys.Keys, doors_rpc.Once, doors_rpc.Procedures,
    doors_mcp.Tools, doors_tls.Handshakes, doors_tls.Processes,
    doors_wire.Wire, doors_wire.Others, doors_wire.Requests,
    doors_http.Framing, doors_http.Meaning, doors_leave.Leaving,
    doors_http.Passwords, doors_http.Leaks)


def tests(patterns):
    for which in SETS:
        for name in sorted(n for n in dir(which) if n.startswith("test_")):
            title = "%s: %s" % (which.__name__.lower(),
                name[5:].replace("_", " "))
            if not patterns or any(p in title for p in patterns):
                yield which, name, title


def workers(srv):
    pid = srv.pid()
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return f.read()


def main():
    srv = server.Server(READ_HEADER_TIMEOUT="1s", READ_TIMEOUT="1s",
        WRITE_TIMEOUT="1s", WORKERS="2", DATABASE_MAX_CONNS="8")
    failed = n = 0
    try:
        # So that whoever writes no core does so by itself.
        most = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
        srv.up(HARDENING="standard")
        srv.tenants()
        sets = {}
        began = workers(srv)
        for which, name, title in tests(sys.argv[1:]):
            if which not in sets:
                sets[which] = which(srv)
            start, n = time.monotonic(), n + 1
            try:
                wrong = [w for w in getattr(sets[which], name)() if w]
            except Exception:
                wrong = traceback.format_exc().splitlines()
            if workers(srv) != began:
                wrong.append("a process has ended")
            failed += bool(wrong)
            print("%s %d - %s # %.1f s" % ("not ok" if wrong else "ok", n,
                title, time.monotonic() - start))
            for w in wrong:
                print("#   " + w)
            sys.stdout.flush()
    finally:
        srv.down(purge=True)
    print("1..%d\ndoors: %d passed, %d failed" % (n, n - failed, failed))
    return 0 if failed == 0 and n > 0 else 1


if __name__ == "__main__":
    sys.exit(main())

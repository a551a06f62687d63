#!/usr/bin/env python3
"""Calls in many threads while PostgreSQL is stopped and started under them.

URL, CACERT and KEY lead to acdbd; STOP and START are the commands for the
database; the table load (i bigint) is there.  Every call must be answered,
in time, with 200 or with a 503 that says when to come again; a write may also
be told that nobody knows.  What was acknowledged is there once, what was said
to be rolled back is not, and a write with an Idempotency-Key, sent until it
goes well, is there once.
"""
import http.client
import itertools
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

THREADS = 9                     # three of each sort
WARM = 15                       # calls that go well before and after
LONGEST = 12                    # seconds, for a call that waits in line
PATIENCE = 60                   # seconds, for a step of this script

numbers = itertools.count(1)
stop = threading.Event()
complaints = []


def complain(text):
    complaints.append(text)
    stop.set()


class Caller(threading.Thread):
    def __init__(self, sort):
        super().__init__(daemon=True)
        self.sort = sort
        self.served = self.refused = 0
        self.slowest = 0.0
        self.done, self.undone, self.unknown = [], [], []
        self.connection = None

    def call(self, text, params, headers):
        if self.connection is None:
            url = urllib.parse.urlsplit(os.environ["URL"])
            self.connection = http.client.HTTPSConnection(
                url.hostname, url.port, timeout=PATIENCE,
                context=ssl.create_default_context(
                    cafile=os.environ["CACERT"]))
        began = time.monotonic()
        self.connection.request(
            "POST", "/v1/sql/execute",
            json.dumps({"sql": text, "params": params}),
            {"Authorization": "Bearer " + os.environ["KEY"], **headers})
        answer = self.connection.getresponse()
        body = json.loads(answer.read())
        self.slowest = max(self.slowest, time.monotonic() - began)
        if answer.status == 200:
            self.served += 1
        elif answer.status == 503 and body["status"] == 503 and \
                answer.getheader("Retry-After", "").isdigit():
            self.refused += 1
            time.sleep(0.01)    # a client would wait for longer
        elif self.sort == "write" and answer.status == 409 and \
                body["title"] == "outcome_unknown" and \
                body["tx"] == "unknown":
            self.refused += 1
        else:
            complain(f"{answer.status} {body}")
        return answer.status, body

    def read(self):
        status, body = self.call("SELECT $1::int", [5], {})
        if status == 200 and body["rows"] != [[5]]:
            complain(str(body))

    def write(self):
        n = next(numbers)
        status, body = self.call("INSERT INTO load VALUES ($1)", [n], {})
        if status == 200:
            self.done.append(n)
        elif body.get("tx") == "unknown":
            self.unknown.append(n)
        else:
            self.undone.append((n, body))

    def write_once(self):
        n = next(numbers)
        status = 0
        while status != 200 and not complaints:
            status, _ = self.call("INSERT INTO load VALUES ($1)", [n],
                                  {"Idempotency-Key": f"load-{n}"})
        self.done.append(n)

    def run(self):
        try:
            while not stop.is_set():
                getattr(self, self.sort)()
        except Exception as e:  # noqa: a thread's end must be seen
            complain(f"{self.sort}: {type(e).__name__} {e}")


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if complaints:
            return
        if time.monotonic() > deadline:
            complain("waited in vain until " + what)
            return
        time.sleep(0.01)


def each_has(callers, counter, more):
    before = [getattr(c, counter) for c in callers]
    return lambda: all(getattr(c, counter) >= n + more
                       for c, n in zip(callers, before))


def main():
    callers = [Caller(("read", "write", "write_once")[i % 3])
               for i in range(THREADS)]
    for caller in callers:
        caller.start()
    wait_until(each_has(callers, "served", WARM), "all are served")
    for mode in ("fast", "immediate") * 4:
        refused = each_has(callers, "refused", 1)
        subprocess.run(os.environ["STOP"] + " -m " + mode, shell=True,
                       check=True, stdout=subprocess.DEVNULL)
        wait_until(refused, "all have been refused")
        subprocess.run(os.environ["START"], shell=True, check=True,
                       stdout=subprocess.DEVNULL)
        wait_until(each_has(callers, "served", WARM),
                   "all are served again")
    stop.set()
    for caller in callers:
        caller.join(PATIENCE)
    check(callers)
    print("\n".join(complaints[:10]))
    sys.exit(1 if complaints else 0)


def check(callers):
    status = 503                # a worker may not have tried again yet
    while status == 503:
        status, body = Caller("").call(
            "SELECT i, count(*) FROM load GROUP BY 1", [], {})
    times = dict(body["rows"])
    for c in callers:
        if c.is_alive():
            complaints.append(f"{c.sort} never came to an end")
        if c.slowest > LONGEST:
            complaints.append(f"{c.sort} waited {c.slowest:.1f} s")
        for n in c.done:
            if times.get(n) != 1:
                complaints.append(f"{n} is there {times.get(n, 0)} times")
        for n, body in c.undone:
            if n in times:
                complaints.append(f"{n} is there, in spite of {body}")
        for n in c.unknown:
            if times.get(n, 1) != 1:
                complaints.append(f"{n} is there {times[n]} times")
    print(f"{sum(c.served for c in callers)} served,"
          f" {sum(c.refused for c in callers)} refused,"
          f" {sum(len(c.unknown) for c in callers)} unknown,"
          f" slowest {max(c.slowest for c in callers):.1f} s")


if __name__ == "__main__":
    main()

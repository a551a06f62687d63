#!/usr/bin/env python3
"""Ask for large answers and read none of them, until the gateway takes no
more calls of that workspace; then another workspace's call, and, when all
have been read, one of the first again.

URL, CACERT, KEY lead to acdbd with one worker; OTHER is a key of another
workspace.  Prints how many answers lay unread, and what was said.
"""
import json
import os
import socket
import ssl
import sys
import time
import urllib.parse

LARGE = 7 << 20                 # bytes of an answer
SMALL = 4096                    # of it that this side takes by itself
MOST = 60                       # answers, and more than will be needed
PATIENCE = 60                   # seconds, for a step of this script


class Connection:
    def __init__(self):
        url = urllib.parse.urlsplit(os.environ["URL"])
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        plain.settimeout(PATIENCE)
        plain.connect(("127.0.0.1", url.port))
        self.s = ssl.create_default_context(cafile=os.environ["CACERT"]) \
            .wrap_socket(plain, server_hostname=url.hostname)

    def ask(self, key, text):
        body = json.dumps({"sql": text}).encode()
        self.s.sendall(b"POST /v1/sql/execute HTTP/1.1\r\nHost: x\r\n"
            b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s"
            % (key.encode(), len(body), body))

    def begun(self):
        """Wait for the first byte; the rest is left where it is."""
        self.first = self.s.recv(1)
        return self.first == b"H"

    def answer(self):
        """(status, body) of the answer that has begun."""
        got = self.first
        while b"\r\n\r\n" not in got:
            got += self.s.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split()[0])
        parts, have = [body], len(body)
        while have < size:
            parts.append(self.s.recv(65536))
            if not parts[-1]:
                break
            have += len(parts[-1])
        return int(head.split()[1]), b"".join(parts)


def call(key):
    c = Connection()
    c.ask(key, "SELECT 1")
    c.begun()
    status, body = c.answer()
    c.s.close()
    return status, json.loads(body)


def main():
    key, lying = os.environ["KEY"], []
    while len(lying) < MOST:
        c = Connection()
        c.ask(key, "SELECT repeat('x', %d)" % LARGE)
        if not c.begun():
            sys.exit("no answer")
        lying.append(c)
        status, said = call(key)
        if status != 200:
            break
    print("unread", len(lying))
    print("refused", status, json.dumps(said))
    print("other", call(os.environ["OTHER"])[0])
    for c in lying:
        status, body = c.answer()
        if status != 200 or len(json.loads(body)["rows"][0][0]) != LARGE:
            sys.exit("an answer that was read late is not whole")
    # The last of it is this side's before the gateway hears of it.
    end = time.monotonic() + PATIENCE
    while call(key)[0] != 200:
        if time.monotonic() > end:
            sys.exit("still refused when all had been read")
    print("again 200")


main()

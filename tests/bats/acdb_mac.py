"""What acdbd derives from the gateway's password, for the tests.

acdb_mac.py PASSWORD login LOGIN
acdb_mac.py PASSWORD ctx PID LOGIN WORKSPACE [SECONDS]
acdb_mac.py PASSWORD audit|read PID ID WORKSPACE
"""
import base64
import hashlib
import hmac
import struct
import sys
import time
import uuid


def mac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def derive(password, info):
    return mac(mac(b"agentcoopdb", password), info + b"\1")


password, what, rest = sys.argv[1].encode(), sys.argv[2], sys.argv[3:]
key = derive(password, b"acdb context key v1")
if what == "login":
    pw = derive(password, b"acdb login v1:" + rest[0].encode())
    print(base64.urlsafe_b64encode(pw).rstrip(b"=").decode())
elif what == "ctx":
    pid = struct.pack(">i", int(rest[0]))
    seconds = int(rest[3]) if len(rest) > 3 else 600
    body = struct.pack(">q", int((time.time() + seconds) * 1e6))
    body += uuid.UUID(rest[2]).bytes
    print((body + mac(key, b"c" + pid + body + rest[1].encode())).hex())
else:
    pid = struct.pack(">i", int(rest[0]))
    letter = {"audit": b"a", "read": b"w"}[what]
    print(mac(key, letter + pid + uuid.UUID(rest[1]).bytes +
              uuid.UUID(rest[2]).bytes).hex())

"""A way to PostgreSQL that garbles: as long as the file GARBLE is there, the
words in it are of no meaning to the server.

usage: garble.py PORT GARBLE	prints the port it listens on"""
import os
import socket
import sys
import threading

upstream, garble = int(sys.argv[1]), sys.argv[2]


def carry(from_, to, garbled):
    while data := from_.recv(65536):
        if garbled and os.path.exists(garble):
            word = open(garble, "rb").read().strip()
            if word in data:
                data = data.replace(word, b"x" * len(word))
                with open(garble + ".done", "a") as done:
                    done.write("x")
        to.sendall(data)
    for end in (from_, to):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


door = socket.create_server(("127.0.0.1", 0))
print(door.getsockname()[1], flush=True)
while True:
    client, _ = door.accept()
    server = socket.create_connection(("127.0.0.1", upstream))
    for way in ((client, server, True), (server, client, False)):
        threading.Thread(target=carry, args=way, daemon=True).start()

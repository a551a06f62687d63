# A way to a server that loses one answer: where the file named "cut" is there
# when the server speaks, it goes, and with it the connection; where it says
# "last", the way itself as well; where it says "behind", the way ends behind
# that answer.
#
# usage: cut.py PORT CUT	prints the port it listens on
import os, selectors, socket, sys

upstream, cut = int(sys.argv[1]), sys.argv[2]
door = socket.create_server(("127.0.0.1", 0))
print(door.getsockname()[1], flush=True)
while True:
    client, _ = door.accept()
    server = socket.create_connection(("127.0.0.1", upstream))
    ends = selectors.DefaultSelector()
    ends.register(client, selectors.EVENT_READ, server)
    ends.register(server, selectors.EVENT_READ, client)
    open_ = True
    while open_:
        for key, _ in ends.select():
            data = key.fileobj.recv(65536)
            if data and key.fileobj is server and os.path.exists(cut):
                how = open(cut).read().strip()
                os.unlink(cut)
                if how == "behind":
                    key.data.sendall(data)
                if how:
                    sys.exit()
                data = b""
            if not data:
                open_ = False
                break
            key.data.sendall(data)
    client.close()
    server.close()

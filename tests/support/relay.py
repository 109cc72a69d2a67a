"""Standard input and output to a Unix socket and back: lets QEMU's user network reach a server of a test (lib/vm, GuestService)."""

import os
import socket
import sys
import threading


def upward(server):
    while piece := os.read(0, 65536):
        server.sendall(piece)
    server.shutdown(socket.SHUT_WR)


server = socket.socket(socket.AF_UNIX)
server.connect(sys.argv[1])
threading.Thread(target=upward, args=(server,), daemon=True).start()
while piece := server.recv(65536):
    os.write(1, piece)

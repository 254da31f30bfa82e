# SPDX-License-Identifier: MIT
"""gevent_echo CONNECTIONS - the server of echo.c with gevent."""
import os
import resource
import sys

import gevent
from gevent import socket

limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
expected, come = int(sys.argv[1]), 0
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(4096)
print(listener.getsockname()[1], flush=True)


def serve(c):
    while data := c.recv(1024):
        c.sendall(data)
    if come >= expected:
        os._exit(0)


while True:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    gevent.spawn(serve, connection)
    come += 1

# SPDX-License-Identifier: MIT
"""For the tests of examples/http: a server to talk to, and raw sockets to do it.

usage of each test: test_X.py [RUNNER...] HTTP_SERVER HANDLERS
"""
import re
import socket
import subprocess
import sys
import tempfile
import unittest

TIMEOUT = 120  # only a server that hangs takes so long


class Server:
    """A program that prints where it listens, until it is stopped."""

    def __init__(self, program, *arguments):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*runner, program, *map(str, arguments)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.errors)
        line = self.process.stdout.readline().decode()
        self.port = int(re.search(r":(\d+)/", line)[1])

    def stop(self):
        """0 if it ended well; what it said otherwise."""
        self.process.stdin.close()  # ends the handlers
        if http_server in self.process.args:
            self.process.terminate()
        status = self.process.wait(TIMEOUT)
        self.process.stdout.close()
        self.errors.seek(0)
        said = self.errors.read().decode()
        if runner:  # Valgrind's own worries: a system call that it does not know
            said = re.sub(r"(?m)^--\d+--.*\n", "", said)
        self.errors.close()
        return (status, said) if status or said else 0


class Client:
    """One connection."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def send_bytewise(self, data):
        for i in range(len(data)):
            self.send(data[i:i + 1])

    def end(self):
        """Say that nothing more will come."""
        self.socket.shutdown(socket.SHUT_WR)

    def more(self):
        data = self.socket.recv(65536)
        self.buffer += data
        return data

    def take(self, n):
        while len(self.buffer) < n:
            if not self.more():
                raise EOFError(f"{self.buffer!r} instead of {n} bytes")
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def take_until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                raise EOFError(f"no {mark!r} in {self.buffer!r}")
        return self.take(self.buffer.index(mark) + len(mark))

    def rest(self):
        """What comes until the server closes the connection."""
        while self.more():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def head(self):
        lines = self.take_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        return int(lines[0].split()[1]), {
            name.lower(): value.strip() for name, value
            in (line.split(":", 1) for line in lines[1:-2])}

    def body(self, headers):
        if "chunked" in headers.get("transfer-encoding", ""):
            return b"".join(self.chunks())
        if "content-length" in headers:
            return self.take(int(headers["content-length"]))
        return self.rest()

    def chunks(self):
        while size := int(self.take_until(b"\r\n"), 16):
            yield self.take(size)
            assert self.take(2) == b"\r\n"
        assert self.take(2) == b"\r\n"

    def answer(self, head_only=False):
        """Status, headers, body of the next answer."""
        status, headers = self.head()
        nothing = head_only or status in (101, 204, 304)
        return status, headers, b"" if nothing else self.body(headers)

    def ask(self, request):
        self.send(request)
        return self.answer(head_only=request[:4] in ("HEAD", b"HEAD"))


def get(path, *headers, method="GET"):
    """A request without a body."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""])


class Case(unittest.TestCase):
    """Has a server for all its tests, that must end well."""
    arguments = ()

    @classmethod
    def program(cls):
        return handlers, *cls.arguments

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.program())

    @classmethod
    def tearDownClass(cls):
        result = cls.server.stop()
        if result:
            raise AssertionError(f"the server ended with {result}")

    def client(self):
        client = Client(self.server)
        self.addCleanup(client.socket.close)
        return client

    def ask_once(self, request):
        """Status, headers, body; on a connection of its own."""
        with self.client() as client:
            return client.ask(request)

    def assert_refused(self, request, status):
        """... with this status, a text that says it, and a closed connection."""
        with self.client() as client:
            client.send(request)
            got, headers, body = client.answer()
            self.assertEqual(got, status, request[:200])
            self.assertEqual(headers.get("connection"), "close", request[:200])
            self.assertIn(str(status).encode(), body)
            self.assertEqual(client.rest(), b"", request[:200])


*runner, http_server, handlers = sys.argv[1:]


def main():
    unittest.main(argv=[sys.argv[0]], verbosity=1)

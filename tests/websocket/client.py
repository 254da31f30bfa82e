# SPDX-License-Identifier: MIT
"""client.py - a program under test, and a client of WebSocket to talk to it.

The client sends what it is told to, right or wrong, and takes nothing on trust:
frames of the server that RFC 6455 does not allow are errors.  Only the standard
library is used.
"""
import base64
import hashlib
import os
import re
import socket
import struct
import subprocess

PATIENCE = 120  # seconds, for what should take none: never for something to happen
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Program:
    """A server that says "listening on port N" first."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, universal_newlines=True)
        line = self.process.stdout.readline()
        match = re.match(r"listening on port (\d+)$", line)
        if not match:
            self.process.kill()
            raise AssertionError(f"{command} said {line!r}, {self.process.communicate()[1]}")
        self.port = int(match[1])

    def line(self):
        return self.process.stdout.readline().rstrip("\n")

    def terminate(self):
        self.process.terminate()

    def wait(self):
        """(exit status, the rest of its output); what it says of faults is an error."""
        out, err = self.process.communicate(timeout=PATIENCE)
        assert not err, err
        return self.process.returncode, out

    def stop(self):
        """End it well; once it has ended this does nothing."""
        if self.process.stdout.closed:
            return
        self.terminate()
        status, _ = self.wait()
        assert status == 0, f"ended with {status}"


def read_head(stream):
    """(status, headers) of an HTTP answer."""
    status = stream.readline().decode()
    if not status:
        raise ConnectionError("no answer")
    headers = {}
    while (line := stream.readline().decode().strip()):
        name, value = line.split(":", 1)
        headers[name.strip().lower()] = value.strip()
    return int(status.split()[1]), headers


class Client:
    """One connection.  `status` and `headers` are the answer to the handshake."""

    def __init__(self, port, path="/", headers=(), version="13", early=b"", receive_buffer=0):
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self.stream = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {key}",
                 f"Sec-WebSocket-Version: {version}", *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode() + early)
        self.status, self.headers = read_head(self.stream)
        if self.status == 101:
            accept = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode())
            assert self.headers["sec-websocket-accept"] == \
                base64.b64encode(accept.digest()).decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()

    def drop(self):
        self.stream.close()
        self.socket.close()

    # ---- out ----

    def write(self, data, piece=None):
        """Send bytes as they are, `piece` of them at a time."""
        for i in range(0, len(data), piece or len(data) or 1):
            self.socket.sendall(data[i:i + (piece or len(data))])

    def send(self, opcode, payload=b"", piece=None, **how):
        self.write(frame(opcode, payload, **how), piece)

    def text(self, text):
        self.send(TEXT, text.encode())

    def close(self, code=1000, reason=b""):
        self.send(CLOSE, struct.pack(">H", code) + reason)

    # ---- in ----

    def take(self, n):
        data = self.stream.read(n)
        if len(data) < n:
            raise ConnectionError("the server has gone")
        return data

    def frame(self):
        """(opcode, payload, fin) of the next frame."""
        first, second = self.take(2)
        assert not first & 0x70 and not second & 0x80, "reserved bits, or masked"
        length = second & 0x7f
        if length == 126:
            length = struct.unpack(">H", self.take(2))[0]
            assert length > 125
        elif length == 127:
            length = struct.unpack(">Q", self.take(8))[0]
            assert length > 65535
        opcode, fin = first & 0x0f, bool(first & 0x80)
        assert opcode < CLOSE or fin and length <= 125
        return opcode, self.take(length), fin

    def message(self):
        """(opcode, payload) of the next message or control frame but a pong, pings
        are answered."""
        kind, parts = None, b""
        while True:
            opcode, payload, fin = self.frame()
            if opcode == PING:
                self.send(PONG, payload)
            elif opcode == CLOSE:
                return opcode, payload
            elif opcode != PONG:
                kind = kind or opcode
                parts += payload
                if fin:
                    return kind, parts

    def closed(self):
        """(code, reason) of the server's close frame, after which nothing comes."""
        opcode, payload = self.message()
        assert opcode == CLOSE, f"got {opcode} {payload[:40]!r}, and not a close frame"
        rest = self.stream.read(1)
        assert rest == b"", "something came after the close frame"
        if not payload:
            return 1005, b""
        return struct.unpack(">H", payload[:2])[0], payload[2:]


def frame(opcode, payload=b"", fin=True, reserved=0, masked=True, size=None, length=None):
    """A frame as bytes.  size: how many bits its length has, 7, 16 or 64; length:
    what it claims, instead of the truth."""
    claimed = len(payload) if length is None else length
    size = size or (7 if claimed < 126 else 16 if claimed < 65536 else 64)
    mask = 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    if size == 7:
        head += bytes([mask | claimed])
    elif size == 16:
        head += bytes([mask | 126]) + struct.pack(">H", claimed)
    else:
        head += bytes([mask | 127]) + struct.pack(">Q", claimed)
    if not masked:
        return head + payload
    key = os.urandom(4)
    whole = int.from_bytes(payload, "big")
    keys = int.from_bytes((key * (len(payload) // 4 + 1))[:len(payload)], "big")
    return head + key + (whole ^ keys).to_bytes(len(payload), "big")

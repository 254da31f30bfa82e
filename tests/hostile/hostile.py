#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""hostile.py KIND [-n N] SERVER - hostile peers against a server of this kind.

Kinds are stream (examples/apps/tcp_server), http (http_server) and websocket
(ws_echo).  Each attack is made by N connections, or ten times as many that come
and go, while an honest client is served: each of its answers must come within
DEADLINE.  Descriptors and memory have bounds, of so much for each connection,
and the descriptors must be what they were when the attack is over.

Printed is what was measured; nothing is demanded of times but DEADLINE.
"""
import base64
import itertools
import os
import pathlib
import struct
import sys
import tempfile
import time

import attacks
from served import Honest, Program

KIB_EACH = 64     # of memory for a connection, at most
KIB_MORE = 8192   # ... and for all together
FDS_EACH = 3      # the connection, a file, and the directory it is in
FDS_MORE = attacks.FEW


class Wrong(Exception):
    pass


def take(s, enough):
    """Receive until that is enough, or the end."""
    got = b""
    while not enough(got):
        piece = s.recv(65536)
        if not piece:
            break
        got += piece
    return got


def all_of(s):
    try:
        return take(s, lambda _: False)
    except ConnectionError:
        return b""


# ---- stream ----

def stream_ask(program):
    with program.dial() as s:
        s.sendall(b"SET honest yes\nGET honest\n")
        got = take(s, lambda got: got.count(b"\n") == 2)
        if got != b"OK\nVALUE yes\n":
            raise Wrong(got)


def stream_long_lines(program, n):
    for length in (1022, 1023, 1024, 1025, 8192, 100000):
        with program.dial() as s:
            s.sendall(b"x" * length + b"\nGET none\nQUIT\n")
            got = all_of(s)
            if got.count(b"\n") != 3 or not got.endswith(b"BYE\n"):
                raise Wrong(got)


STREAM = [
    ("lines of all lengths", stream_long_lines),
    ("a line that drips", lambda p, n: attacks.drip(p, n, b"GET ", b"x")),
    ("a line without end", lambda p, n: attacks.flood(p, n, b"", b"x" * 65536)),
    ("answers nobody reads",
     lambda p, n: attacks.never_read(p, max(2 * attacks.FEW, n // 10), b"STATS\n" * 1000, 40)),
    ("commands without end", lambda p, n: attacks.flood(p, n, b"", b"STATS\n" * 9000)),
]


# ---- HTTP ----

POST = b"POST /echo HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n"
INNER = b"GET /hello?name=SMUGGLED HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def http_ask(program):
    with program.dial() as s:
        s.sendall(GET + b"\r\n" + GET + b"\r\n")
        got = take(s, lambda got: got.count(b"Hello, world!\n") == 2)
        if got.count(b"Hello, world!\n") != 2 or got.count(b"HTTP/1.1 200 ") != 2:
            raise Wrong(got)


def answer(program, request):
    with program.dial() as s:
        try:
            s.sendall(request)
            s.shutdown(attacks.socket.SHUT_WR)
        except ConnectionError:
            pass
        return all_of(s)


def refused(program, request, statuses=(400, 501)):
    got = answer(program, request)
    status = int(got[9:12] or 0)
    if status not in statuses or got.count(b"HTTP/1.1 ") != 1 or b"SMUGGLED" in got:
        raise Wrong((request[:300], got[:300]))


def http_smuggling(program, n):
    """Each request would hide another one from somebody."""
    for framing in (
            b"Content-Length: 4\r\n" + CHUNKED, CHUNKED + b"Content-Length: 4\r\n",
            b"Content-Length: 0\r\nContent-Length: 5\r\n",
            b"Content-Length: 0\r\nContent-Length: 0\r\n", b"Content-Length: +0\r\n",
            b"Content-Length: -0\r\n", b"Content-Length: 0, 0\r\n",
            b"Content-Length: 0x0\r\n", b"Content-Length: 0\x000\r\n",
            b"Content-Length: 18446744073709551616\r\n",
            b"Content-Length : 0\r\n", b"Content-Length: 0\n", b"Content-Length: 0\r",
            b"X: y\r\n Content-Length: 0\r\n", b"X: y\r\n\tContent-Length: 0\r\n",
            b"Content-Length:\r\n 0\r\n", CHUNKED + CHUNKED,
            b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding: \x0bchunked\r\n",
            b"Transfer-Encoding: chunked, identity\r\n", b"Transfer-Encoding: xchunked\r\n",
            b"Transfer-Encoding: identity\r\n" + CHUNKED, b"Transfer-Encoding:chunked\x00\r\n",
            b"Transfer-Encoding: \"chunked\"\r\n", b"Transfer_Encoding\x00: chunked\r\n",
            b"Transfer-Encoding:\r\n chunked\r\n", b"\x00: y\r\n", b": y\r\n"):
        refused(program, POST + framing + b"\r\n0\r\n\r\n" + INNER)
    for chunk in (b"-0", b"+0", b" 0", b"0 ", b"0x0", b"", b"0\n", b"0\r\n\n", b"0;\r;x",
                  b"10000000000000000", b"fffffffffffffffff", b"0\x00", b"g"):
        refused(program, POST + CHUNKED + b"\r\n" + chunk + b"\r\n\r\n" + INNER, (400,))
    for size in (b"8000000000000000", b"ffffffffffffffff", b"7fffffffffffffff"):
        refused(program, POST + CHUNKED + b"\r\n" + size + b"\r\n" + INNER, (400, 413))


def http_oversized(program, n):
    refused(program, b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n", (414,))
    refused(program, b"A" * 100000, (414,))
    refused(program, GET + b"A: b\r\n" * 2000 + b"\r\n", (431,))
    refused(program, GET + b"A: " + b"b" * 100000 + b"\r\n\r\n", (431,))
    refused(program, GET + b"A" * 100000 + b": b\r\n\r\n", (431,))
    refused(program, POST + b"Content-Length: 16777217\r\n\r\n", (413,))
    refused(program, POST + CHUNKED + b"\r\n1000001\r\n", (413,))
    refused(program, POST + CHUNKED + b"\r\n1;" + b"x" * 100000 + b"\r\n", (400,))
    refused(program, POST + CHUNKED + b"\r\n0\r\n" + b"A: b\r\n" * 10000, (400,))
    refused(program, POST + CHUNKED + b"\r\n0\r\nA: " + b"b" * 100000, (400,))


def http_traversal(program, n):
    """Ways to spell "..", between all that could stand for a slash."""
    ups = ("..", "%2e%2e", ".%2e", "%252e%252e", "..%00", "%c0%ae%c0%ae", "..;", "%2e.")
    slashes = ("/", "//", "%2f", "%5c", "\\", "/./", "%252f", "%c0%af")
    for up, slash, begin in itertools.product(ups, slashes, ("/", "/sub/", "/link/")):
        for depth in (1, 2, 3):
            path = begin + (up + slash) * depth + "secret"
            got = answer(program, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            if b"keep out" in got or got[9:12] not in (b"404", b"400", b"403"):
                raise Wrong((path, got))
    for path in ("/link", "/link/secret", "/to-secret", "/sub/../link", "/to-secret%00.txt"):
        got = answer(program, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        if b"keep out" in got:
            raise Wrong((path, got))


def http_injection(program, n):
    """Newlines in whatever comes back: a query, a type, a directory's name."""
    evil = b"%0d%0aX-Evil:%20y%0d%0a%0d%0aevil"
    for request in (b"GET /hello?name=a" + evil, b"GET /sub" + evil, b"GET /a" + evil,
                    b"GET /a%0aX-Evil:b", b"GET /a%0dX-Evil:b", b"GET /" + evil + b"/"):
        got = answer(program, request + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        if b"\nx-evil" in got.split(b"\r\n\r\n")[0].lower():
            raise Wrong((request, got))
    for value in (b"a\rX-Evil: b", b"a\nX-Evil: b", b"a\x00X-Evil: b"):
        refused(program, POST + b"Content-Type: " + value + b"\r\nContent-Length: 0\r\n\r\n")


def http_slow_readers(program, n):
    attacks.never_read(program, n, b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")


HTTP = [
    ("smuggling", http_smuggling),
    ("all too large", http_oversized),
    ("ways out of the directory", http_traversal),
    ("newlines in answers", http_injection),
    ("a head that drips", lambda p, n: attacks.drip(p, n, GET + b"A: ", b"b")),
    ("a body that drips",
     lambda p, n: attacks.drip(p, n, POST + b"Content-Length: 9999\r\n\r\n", b"b")),
    ("chunks that drip", lambda p, n: attacks.drip(p, n, POST + CHUNKED + b"\r\n", b"0")),
    ("answers nobody reads", http_slow_readers),
    ("many answers nobody reads",
     lambda p, n: attacks.never_read(p, max(2 * attacks.FEW, n // 10), (GET + b"\r\n") * 400, 40)),
    ("echoes nobody reads",
     lambda p, n: attacks.never_read(
         p, n, POST + b"Content-Length: 9999999\r\n\r\n" + b"x" * 200000, 40)),
    ("reset in the answer",
     lambda p, n: attacks.reset_in_answers(p, n, b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")),
    ("requests without end", lambda p, n: attacks.flood(p, n, b"", (GET + b"\r\n") * 500)),
    ("newlines without end", lambda p, n: attacks.flood(p, n, b"", b"\r\n" * 30000)),
    ("a body without end",
     lambda p, n: attacks.flood(p, n, POST + CHUNKED + b"\r\n", b"1\r\nx\r\n" * 10000)),
]


# ---- WebSocket ----

def handshake(program, room=None):
    s = program.dial(room)
    key = base64.b64encode(os.urandom(16))
    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n")
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        piece = s.recv(1)
        if not piece:
            raise Wrong(got)
        got += piece
    return s


def frame(first, payload=b"", length=None):
    n = len(payload) if length is None else length
    if n < 126:
        head = struct.pack(">BB", first, 0x80 | n)
    elif n < 65536:
        head = struct.pack(">BBH", first, 0xfe, n)
    else:
        head = struct.pack(">BBQ", first, 0xff, n)
    return head + bytes(4) + payload


def websocket_ask(program):
    with handshake(program) as s:
        s.sendall(frame(0x81, b"honest"))
        got = take(s, lambda got: len(got) >= 8)
        if got != b"\x81\x06honest":
            raise Wrong(got)


def websocket_refused(program, n):
    """Frames that cannot be: the code with which each is refused."""
    for data, code in (
            (frame(0x82, length=1 << 62), 1009), (frame(0x82, length=(1 << 20) + 1), 1009),
            (frame(0x02, b"x" * 600000) + frame(0x80, b"x" * 600000), 1009),
            (frame(0x82, length=1 << 63), 1002), (frame(0x82, length=(1 << 64) - 1), 1002),
            (b"\x82\xfe\x00\x05" + bytes(9), 1002), (frame(0x89, b"x" * 126), 1002),
            (frame(0x09), 1002), (frame(0xc1), 1002), (frame(0x83), 1002), (frame(0x80), 1002),
            (frame(0x01) + frame(0x01), 1002), (b"\x81\x05hello", 1002),
            (frame(0x88, b"x"), 1002), (frame(0x88, b"\x03\xed"), 1002),
            (frame(0x88, b"\x03\xe8\xff"), 1007),
            (frame(0x81, b"\xff"), 1007), (frame(0x81, b"\xed\xa0\x80"), 1007),
            (frame(0x81, b"\xc0\xaf"), 1007), (frame(0x81, b"\xf4\x90\x80\x80"), 1007),
            (frame(0x81, b"\xe2\x82"), 1007),
            (frame(0x01, b"\xe2") + frame(0x00, b"\x82") + frame(0x80, b"x"), 1007),
            (frame(0x01, b"\xf0") + frame(0x89) + frame(0x80, b"\x80"), 1007)):
        with handshake(program) as s:
            try:
                s.sendall(data)
            except ConnectionError:
                pass
            got = all_of(s).replace(b"\x8a\x00", b"")  # pongs
            if got[:1] != b"\x88" or struct.unpack(">H", got[2:4])[0] != code:
                raise Wrong((data[:40], got, code))
    with handshake(program) as s:  # one that is right, in as many pieces as can be
        text = "ä€𝄞".encode()
        s.sendall(frame(0x01) + b"".join(frame(0x00, text[i:i + 1]) for i in range(len(text)))
                  + frame(0x80))
        if take(s, lambda got: len(got) >= 2 + len(text))[2:] != text:
            raise Wrong("a text in pieces")


def websocket_announced(program, n):
    """A megabyte each is announced, and never comes."""
    sockets = [handshake(program) for _ in range(n)]
    for s in sockets:
        s.sendall(frame(0x82, b"x", length=1 << 20))
    time.sleep(1)
    for s in sockets:
        attacks.reset(s)


def websocket_never_read(program, n):
    sockets = [handshake(program, 4096) for _ in range(n)]
    end = time.monotonic() + 3  # until nothing more is taken
    while time.monotonic() < end:
        for s in sockets:
            attacks.offer(s, frame(0x82, b"x" * 60000))
    attacks.until_given_up(program, sockets)


def websocket_flood(data, begin=b""):
    def attack(program, n):
        for _ in range(max(1, n // 100)):
            s = handshake(program)
            try:
                s.sendall(begin)
                for _ in range((8 << 20) // len(data)):
                    s.sendall(data)
                    if attacks.closed(s):
                        break
            except ConnectionError:
                pass
            attacks.reset(s)
    return attack


WEBSOCKET = [
    ("frames that cannot be", websocket_refused),
    ("messages that were announced", websocket_announced),
    ("echoes nobody reads", websocket_never_read),
    ("pings without end", websocket_flood(frame(0x89, b"x" * 100) * 500)),
    ("nothing, in pieces", websocket_flood(frame(0x00) * 5000, frame(0x02))),
    ("a handshake that drips",
     lambda p, n: attacks.drip(p, n, b"GET / HTTP/1.1\r\nUpgrade: ", b"w")),
]


# ---- all kinds ----

ANY = [
    ("half-closed", attacks.half_closed),
    ("come and go", attacks.come_and_go),
    ("resets", attacks.resets),
    ("noise", attacks.noise),
    ("silent", attacks.silent),
]

# How each is asked honestly; its options; the attacks.  ws_echo lets a client be
# silent before its handshake for a minute.
KINDS = {
    "stream": (stream_ask, ["--listen", "127.0.0.1:0", "--idle", "2", "--max", "100000"],
               ANY + STREAM),
    "http": (http_ask, ["-l", "127.0.0.1:0", "-i", "2", "-p", "2"], ANY + HTTP),
    "websocket": (websocket_ask,
                  ["-l", "127.0.0.1:0", "-s", "2000", "-p", "2000", "-d", "2000"],
                  ANY[:-1] + WEBSOCKET),
}


def make_files(place):
    """A directory to serve, and what nobody may see beside it."""
    root = pathlib.Path(place) / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub\r\nX-Evil: y\r\n\r\nevil").mkdir()
    (root / "sub/index.html").write_text("<p>here")
    (root / "link").symlink_to("..")
    (root / "to-secret").symlink_to("../secret")
    (pathlib.Path(place) / "secret").write_text("keep out")
    with open(root / "big", "wb") as big:
        big.truncate(32 << 20)
    return str(root)


def run_attack(program, ask, name, attack, n):
    start = time.monotonic()
    with Honest(program, ask) as honest:
        attack(program, n)
    after = program.wait_until_gone()
    kib, fds = program.before
    print(f"{name:30} {time.monotonic() - start:6.1f} s, {honest.answers:5} answers, "
          f"slowest {honest.slowest * 1e3:7.1f} ms, at most {honest.kib:7} KiB "
          f"{honest.fds:6} descriptors, then {after[0]:7} KiB {after[1]:4}", flush=True)
    if honest.kib > kib + KIB_MORE + KIB_EACH * n:
        raise AssertionError(f"{name}: {honest.kib} KiB, before {kib}")
    if honest.fds > fds + FDS_MORE + FDS_EACH * n:
        raise AssertionError(f"{name}: {honest.fds} descriptors, before {fds}")


def main(kind, *arguments):
    n = 100
    if arguments[0] == "-n":
        n, arguments = int(arguments[1]), arguments[2:]
    ask, options, all_attacks = KINDS[kind]
    with tempfile.TemporaryDirectory() as place:
        root = [make_files(place)] if kind == "http" else []
        program = Program([*arguments, *options, *root])
        print(f"{kind}, {n} at once; before: {program.before[0]} KiB, "
              f"{program.before[1]} descriptors")
        try:
            for name, attack in all_attacks:
                run_attack(program, ask, name, attack, n)
        finally:
            program.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])

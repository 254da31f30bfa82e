# SPDX-License-Identifier: MIT
"""attacks.py - what peers do that mean no good, to any server or to one kind.

Each attack is a function of (program, n), which is how many connections or
tries.  They return when the server has got rid of them, or when they have let go.
"""
import random
import socket
import struct
import time

RESET = struct.pack("ii", 1, 0)
FEW = 8        # descriptors for the honest client
TIMEOUT = 30   # of what should take no time
PATIENCE = 60  # seconds in which a server has to get rid of somebody


def closed(s):
    """Has the server closed it?  What it says is thrown away."""
    s.setblocking(False)  # MSG_DONTWAIT alone would wait for the timeout
    try:
        return s.recv(65536) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    finally:
        s.settimeout(TIMEOUT)


def offer(s, data):
    """Send what the system takes at once; False: it takes nothing more."""
    s.setblocking(False)
    try:
        return s.send(data) > 0
    except (BlockingIOError, ConnectionError):
        return False
    finally:
        s.settimeout(TIMEOUT)


def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    s.close()


def until_all_are_closed(sockets, poke=None):
    """Go on poking those that the server still listens to."""
    end = time.monotonic() + PATIENCE
    left = list(sockets)
    while left:
        if time.monotonic() > end:
            raise AssertionError(f"{len(left)} are still connected")
        rest = []
        for s in left:
            if poke:
                offer(s, poke)
            if not closed(s):
                rest.append(s)
        left = rest
        time.sleep(0.05)
    for s in sockets:
        s.close()


def until_given_up(program, sockets):
    """The server has closed all but a few.  A client that does not read cannot see
    that: what was sent is before the end."""
    end = time.monotonic() + PATIENCE
    while (fds := program.usage()[1]) > program.before[1] + FEW:
        if time.monotonic() > end:
            raise AssertionError(f"{fds} descriptors, before {program.before[1]}")
        time.sleep(0.05)
    for s in sockets:
        s.close()


# ---- to any server ----

def silent(program, n):
    """Connect and say nothing."""
    until_all_are_closed([program.dial() for _ in range(n)])


def half_closed(program, n):
    """Say nothing, and that this was all."""
    sockets = [program.dial() for _ in range(n)]
    for s in sockets:
        s.shutdown(socket.SHUT_WR)
    until_all_are_closed(sockets)


def come_and_go(program, n):
    """Connect and close."""
    for _ in range(10 * n):
        program.dial().close()


def resets(program, n, word=b"GET / HT"):
    """Begin to speak, and reset."""
    for i in range(10 * n):
        s = program.dial()
        s.send(word[:i % len(word)])
        reset(s)


def reset_in_answers(program, n, question):
    """Ask, and reset before the answer is there, or in its midst."""
    for i in range(n):
        s = program.dial(4096)
        s.sendall(question)
        if i % 2:
            s.recv(1)
        reset(s)


def drip(program, n, begin, drop):
    """A byte now and then, and never an end."""
    sockets = [program.dial() for _ in range(n)]
    for s in sockets:
        offer(s, begin)
    until_all_are_closed(sockets, drop)


def never_read(program, n, question, times=1):
    """Ask for much, and read no more than a byte."""
    sockets = [program.dial(4096) for _ in range(n)]
    for s in sockets:
        for _ in range(times):
            if not offer(s, question):
                break
    for s in sockets:
        try:
            s.recv(1)  # it is being answered
        except ConnectionError:
            pass  # ... or was given up already
    until_given_up(program, sockets)


def flood(program, n, begin, more):
    """Send as fast as it goes, until it has had enough; at most 8 MiB each."""
    for _ in range(max(1, n // 100)):
        s = program.dial()
        try:
            s.sendall(begin)
            for _ in range(max(1, (8 << 20) // len(more))):
                s.sendall(more)
                if closed(s):
                    break
        except ConnectionError:
            pass
        reset(s)


def noise(program, n):
    """Bytes that mean nothing."""
    rng = random.Random(n)
    for _ in range(n):
        s = program.dial()
        try:
            s.sendall(rng.randbytes(rng.randrange(1, 20000)))
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        except ConnectionError:
            pass
        s.close()

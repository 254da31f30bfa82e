# SPDX-License-Identifier: MIT
"""served.py - a server under attack, what it uses, and an honest client of it.

The server is a process of its own; the bounds on its memory and descriptors are
looked at from outside, in /proc.
"""
import os
import re
import socket
import subprocess
import threading
import time

DEADLINE = 30  # seconds in which the honest client is served, whatever happens
GONE = 60      # ... and in which all is gone once the attackers have


class Program:
    """A server, and the most that it has used."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        line = self.process.stdout.readline().decode()
        self.port = int(re.search(r"(?::|port )(\d+)/?\s*$", line)[1])
        threading.Thread(target=self.drop_output, daemon=True).start()
        self.before = self.usage()

    def drop_output(self):
        while self.process.stdout.read1(65536):
            pass

    def usage(self):
        """(KiB of its own, descriptors)"""
        process = f"/proc/{self.process.pid}"
        with open(process + "/status") as status:
            kib = int(re.search(r"RssAnon:\s*(\d+)", status.read())[1])
        return kib, len(os.listdir(process + "/fd"))

    def dial(self, room=None):
        s = socket.socket()
        if room:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        s.settimeout(DEADLINE)
        s.connect(("127.0.0.1", self.port))
        return s

    def wait_until_gone(self):
        """Its connections are gone: what it uses then."""
        end = time.monotonic() + GONE
        while (now := self.usage())[1] > self.before[1]:
            if time.monotonic() > end:
                raise AssertionError(f"{now[1]} descriptors, before {self.before[1]}")
            time.sleep(0.05)
        return now

    def stop(self):
        self.process.terminate()
        status = self.process.wait(GONE)
        if status:
            raise AssertionError(f"the server ended with {status}")


class Honest(threading.Thread):
    """One who asks, again and again, and must be answered in time.

    It looks at what the server uses as well, as it is awake anyway.
    """

    def __init__(self, program, ask):
        super().__init__()
        self.program, self.ask = program, ask
        self.over = threading.Event()
        self.answers, self.slowest, self.kib, self.fds = 0, 0, 0, 0
        self.failure = None

    def run(self):
        try:
            while not self.over.wait(0.02) or self.answers == 0:
                start = time.monotonic()
                self.ask(self.program)
                self.slowest = max(self.slowest, time.monotonic() - start)
                self.answers += 1
                self.look()
        except Exception as failure:
            self.failure = failure

    def look(self):
        kib, fds = self.program.usage()
        self.kib, self.fds = max(self.kib, kib), max(self.fds, fds)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()
        if self.failure:
            raise AssertionError(f"the honest client: {self.failure!r}")

# SPDX-License-Identifier: MIT
"""What the tests of the programs in examples/apps share.

    test_app_NAME.py DIRECTORY [RUNNER...]

DIRECTORY has the programs, which RUNNER (valgrind, qemu) runs.  Nothing here
waits for time to pass: programs say where they listen, and everything else is
an answer.  Whatever hangs is ended by an alarm, and its children with it.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import unittest

SECONDS = 50 # for one test, on a machine that has better things to do
directory, runner = ".", []


class Program:
    """A program that runs, from `with` to the end of the block."""

    def __init__(self, name, *arguments, **options):
        self.process = subprocess.Popen(
            [*runner, os.path.join(directory, name), *arguments],
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=options.pop("stderr", subprocess.PIPE), **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in self.process.stdout, self.process.stderr:
            if stream:
                stream.close()

    def line(self):
        return self.process.stdout.readline().decode().rstrip("\n")

    def port(self):
        """The number at the end of its first line."""
        line = self.line()
        match = re.search(r"(\d+)$", line)
        if not match:
            raise AssertionError(f"no port in {line!r}: {self.end()}")
        return int(match[1])

    def send(self, signo):
        self.process.send_signal(signo)

    def end(self):
        """Its status, and the rest of what it says."""
        out, err = self.process.communicate()
        return self.process.returncode, out.decode(), (err or b"").decode()

    def stop(self, signo=signal.SIGTERM):
        self.send(signo)
        return self.end()


def run(name, *arguments, **options):
    with Program(name, *arguments, **options) as program:
        return program.end()


def connect(port):
    return socket.create_connection(("127.0.0.1", port))


def await_refusal(port):
    """Until nobody listens there any more."""
    while True:
        try:
            connect(port).close()
        except ConnectionResetError:
            continue # it was in the backlog as that was closed
        except ConnectionRefusedError:
            return


def read_all(connection):
    """What comes until the peer has no more to say."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


class Test(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        signal.signal(signal.SIGALRM, self.too_long)
        signal.alarm(SECONDS * (10 if runner else 1))
        self.addCleanup(signal.alarm, 0)

    def too_long(self, *_):
        self.fail("it takes too long")

    def enter(self, context):
        """Enter a context that the end of the test leaves."""
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def program(self, name, *arguments, **options):
        return self.enter(Program(name, *arguments, **options))

    def check_usage(self, name):
        """--help succeeds; an unknown option shows how it is done."""
        status, out, err = run(name, "--help")
        self.assertEqual((status, err), (0, ""))
        self.assertIn(f"usage: {name}", out)
        status, out, err = run(name, "--no-such-option")
        self.assertEqual((status, out), (2, ""))
        self.assertIn(f"usage: {name}", err)


def main(optional=None):
    """That program is there only where a library is that it uses.  What that
    says to Valgrind, or has Valgrind say, is not ours."""
    global directory, runner
    directory, *runner = sys.argv[1:] or ["build/examples/apps"]
    there = os.path.exists(os.path.join(directory, optional or ""))
    if optional and (runner or not there):
        print(f"{optional} was not built, or is not run by {runner}")
        sys.exit(77)
    unittest.main(module="__main__", argv=sys.argv[:1])

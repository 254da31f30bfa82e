# SPDX-License-Identifier: MIT
"""slow_dns.py SCRATCH TOGETHER PROGRAM... - run a program whose look-ups take 0.2 s.

To be started by `unshare --map-root-user --mount --net`: it binds port 53 of a
loopback of its own, and puts files of its own in the place of /etc/resolv.conf and
/etc/nsswitch.conf.  Nothing is answered before TOGETHER names are asked for at the
same time; then each after its 0.2 s.
"""
import fcntl
import pathlib
import socket
import struct
import subprocess
import sys
import threading
import time

SIOCSIFFLAGS, IFF_UP = 0x8914, 1
ADDRESS = bytes([192, 0, 2, 7])


def bring_up_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def mount_over(path, text, scratch):
    if not pathlib.Path(path).exists():
        sys.exit(f"there is no {path} to put another one in the place of")
    ours = pathlib.Path(scratch, pathlib.Path(path).name)
    ours.write_text(text)
    subprocess.run(["mount", "--bind", ours, path], check=True)


def answer_to(question):
    """One address for whatever name: the question again, and a record after it."""
    name_ends = question.index(b"\0", 12) + 1
    asked = question[12:name_ends + 4]
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + ADDRESS
    return (question[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0) + asked + record)


class Server:
    def __init__(self, together):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.asked, self.together = set(), together
        self.gate = threading.Event()

    def serve(self):
        while True:
            question, sender = self.socket.recvfrom(4096)
            self.asked.add(question[12:])
            if len(self.asked) >= self.together:
                self.gate.set()
            threading.Thread(target=self.answer, args=(question, sender),
                             daemon=True).start()

    def answer(self, question, sender):
        time.sleep(0.2)
        self.gate.wait()
        self.socket.sendto(answer_to(question), sender)


def main():
    scratch, together, *command = sys.argv[1:]
    bring_up_loopback()
    mount_over("/etc/resolv.conf",
               "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n", scratch)
    mount_over("/etc/nsswitch.conf", "hosts: dns\n", scratch)
    threading.Thread(target=Server(int(together)).serve, daemon=True).start()
    return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main())

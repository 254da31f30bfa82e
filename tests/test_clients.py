#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_clients.py BUILD CC - libraries that block, patched, with real servers.

Many greenlets of one thread use libcurl, hiredis, libpq.  Each call waits for its
server for a while, and all together take about as long as one: certainly not half of
the sum.  What is not installed is left out, with a word.
"""
import contextlib
import pathlib
import pwd
import os
import re
import shutil
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
SKIPPED = 77


class Missing(Exception):
    pass


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Missing(f"{program} is not installed")


def build(name, library, build_dir, compiler, scratch):
    program = scratch / name
    made = subprocess.run(
        [compiler, "-O2", "-I", HERE.parent / "include", HERE / "clients" / f"{name}.c",
         "-L", build_dir, f"-Wl,-rpath,{build_dir}", "-lgreen_patch", "-lgreen",
         f"-l{library}", "-o", program], capture_output=True, text=True)
    if made.returncode != 0 and re.search(r"No such file|cannot find", made.stderr):
        raise Missing(f"the headers of {name} are not installed")
    if made.returncode != 0:
        raise AssertionError(made.stderr)
    return program


# ---- servers ----

class SlowPage(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError):
            while b"\r\n\r\n" in self.request.recv(4096):
                time.sleep(0.2)
                self.request.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


class PageServer(socketserver.ThreadingTCPServer):
    request_queue_size = 512
    daemon_threads = True
    block_on_close = False
    context = None

    def finish_request(self, request, client_address):
        with contextlib.suppress(OSError):
            if self.context:
                request = self.context.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)


@contextlib.contextmanager
def pages(scratch, secure=False):
    server = PageServer(("127.0.0.1", 0), SlowPage)
    if secure:
        need("openssl")
        key, certificate = scratch / "key.pem", scratch / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                        "-keyout", key, "-out", certificate, "-subj", "/CN=localhost"],
                       check=True, capture_output=True)
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(certificate, key)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http{'s' * secure}://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@contextlib.contextmanager
def started(command, is_ready, **options):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **options)
    try:
        while not is_ready():
            if process.poll() is not None:
                raise AssertionError(f"{command[0]} ended with {process.returncode}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def redis(scratch):
    need("redis-server")
    path = scratch / "redis.sock"
    with started(["redis-server", "--port", "0", "--unixsocket", path, "--save", "",
                  "--dir", scratch, "--maxclients", "1000"], path.exists):
        yield str(path)


@contextlib.contextmanager
def postgres(scratch):
    tools = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    if not tools:
        raise Missing("postgresql is not installed")
    as_user = {}
    if os.getuid() == 0:  # which it refuses to run as
        user = pwd.getpwnam("postgres")
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chown(scratch, user.pw_uid, user.pw_gid)
    data = scratch / "data"
    subprocess.run([tools[-1] / "initdb", "-D", data, "-A", "trust", "-U", "green", "-N"],
                   check=True, capture_output=True, cwd=scratch, **as_user)

    def is_ready():
        return subprocess.run([tools[-1] / "pg_isready", "-q", "-h", scratch]).returncode == 0

    with started([tools[-1] / "postgres", "-D", data, "-k", scratch, "-h", "",
                  "-c", "max_connections=120", "-c", "fsync=off"],
                 is_ready, cwd=scratch, **as_user):
        yield f"host={scratch} user=green dbname=postgres"


# ---- what is tried: library, linked as, server, how many, each waits ----

TRIALS = [
    ("libcurl", "curl", pages, 200, 0.2),
    ("libcurl", "curl", lambda scratch: pages(scratch, secure=True), 100, 0.2),
    ("hiredis", "hiredis", redis, 100, 1.0),
    ("libpq", "pq", postgres, 50, 0.2),
]


def try_one(name, library, server, count, wait, build_dir, compiler):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        program = build(name, library, build_dir, compiler, scratch)
        with server(scratch) as address:
            said = subprocess.run([program, address, str(count)], check=True,
                                  capture_output=True, text=True, timeout=300)
    print(f"{name}: {said.stdout.strip()}; one after the other: "
          f"{count * wait * 1000:.0f} ms", flush=True)
    match = re.match(r"(\d+) of (\d+), (\d+) ms, .* (\d+) threads", said.stdout)
    assert match, said
    assert match[1] == match[2], said.stderr
    assert int(match[3]) < count * wait * 1000 / 2, "no sign of cooperation"
    assert match[4] == "1", "more than one thread"


def main():
    build_dir, compiler = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    tried = 0
    if not (build_dir / "libgreen_patch.so").exists():
        print("there is no patch library here")
        return SKIPPED
    for trial in TRIALS:
        try:
            try_one(*trial, build_dir, compiler)
            tried += 1
        except Missing as missing:
            print(f"{trial[0]}: left out: {missing}", flush=True)
    return 0 if tried else SKIPPED


if __name__ == "__main__":
    sys.exit(main())

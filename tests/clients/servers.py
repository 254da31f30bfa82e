# SPDX-License-Identifier: MIT
"""The servers that the clients' libraries talk to.

Each is started in a directory of its own, for a number of calls, and gives the
address that the client is told.
"""
import asyncio
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import ssl
import subprocess
import threading
import time


class Missing(Exception):
    pass


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Missing(f"{program} is not installed")


# ---- pages ----

class Pages:
    """A page takes 0.2 s, and is not there before all who will ask have done so."""

    def __init__(self, count):
        self.asked, self.count, self.gate = 0, count, asyncio.Event()

    async def answer(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError,
                                 asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            if self.asked == self.count:
                self.gate.set()
            await asyncio.sleep(0.2)
            await self.gate.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            await reader.read()
        writer.close()


def make_certificate(scratch):
    """A file with a key and its certificate."""
    need("openssl")
    key, certificate = scratch / "key.pem", scratch / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                    "-keyout", key, "-out", certificate, "-subj", "/CN=localhost"],
                   check=True, capture_output=True)
    both = scratch / "both.pem"
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both


@contextlib.contextmanager
def pages(scratch, count, secure=False):
    context = None
    if secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(make_certificate(scratch))
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(
        Pages(count).answer, "127.0.0.1", 0, ssl=context, backlog=512))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http{'s' * secure}://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
            loop.run_until_complete(task)
        loop.close()


def secure_pages(scratch, count):
    return pages(scratch, count, secure=True)


# ---- of the same thread ----

@contextlib.contextmanager
def certificate(scratch, _):
    yield str(make_certificate(scratch))


@contextlib.contextmanager
def endpoint(*_):
    yield "tcp://127.0.0.1:*"


# ---- databases ----

@contextlib.contextmanager
def started(command, is_ready, end=signal.SIGTERM, **options):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **options)
    try:
        while not is_ready():
            if process.poll() is not None:
                raise AssertionError(f"{command[0]} ended with {process.returncode}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(end)
        process.wait()


@contextlib.contextmanager
def redis(scratch, _):
    need("redis-server")
    path = scratch / "redis.sock"
    with started(["redis-server", "--port", "0", "--unixsocket", path, "--save", "",
                  "--dir", scratch, "--maxclients", "1000"], path.exists):
        yield str(path)


def as_user(name, scratch):
    """What starts a program as that user, if we are root: as which some refuse to run."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam(name)
    os.chown(scratch, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def postgres(scratch, _):
    tools = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    if not tools:
        raise Missing("postgresql is not installed")
    options = {"cwd": scratch, **as_user("postgres", scratch)}
    data = scratch / "data"
    subprocess.run([tools[-1] / "initdb", "-D", data, "-A", "trust", "-U", "green", "-N"],
                   check=True, capture_output=True, **options)

    def is_ready():
        return subprocess.run([tools[-1] / "pg_isready", "-q", "-h", scratch]).returncode == 0

    # SIGTERM would have it wait for its sessions.
    with started([tools[-1] / "postgres", "-D", data, "-k", scratch, "-h", "",
                  "-c", "max_connections=120", "-c", "fsync=off"], is_ready,
                 end=signal.SIGINT, **options):
        yield f"host={scratch} user=green dbname=postgres"


@contextlib.contextmanager
def mariadb(scratch, _):
    need("mariadb-install-db", "mariadbd")
    options = {"cwd": scratch, **as_user("mysql", scratch)}
    data, path = scratch / "data", scratch / "mariadb.sock"
    subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={data}",
                    "--auth-root-authentication-method=normal", "--skip-test-db"],
                   check=True, capture_output=True, **options)
    with started(["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={path}",
                  "--skip-networking", "--max-connections=200",
                  f"--pid-file={scratch}/pid"], path.exists, **options):
        yield str(path)


# ---- names ----

TOGETHER = 10  # look-ups at a time, at least


@contextlib.contextmanager
def names(scratch, _):
    """A name server cannot have another port, nor be set for one program: the client
    is run in a world of its own, by the command that is given instead of an address."""
    need("unshare", "mount")
    world = ["unshare", "--map-root-user", "--mount", "--net"]
    if subprocess.run([*world, "mount", "--bind", "/etc/hosts", "/etc/hosts"],
                      capture_output=True).returncode != 0:
        raise Missing("unshare and mount are not permitted")
    yield "slow.example", [*world, "python3", "-B",
                           pathlib.Path(__file__).parent / "slow_dns.py", scratch,
                           str(TOGETHER)]

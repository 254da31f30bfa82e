#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_green_run_servers.py GREEN-RUN - servers and tools of others run under
green-run, each on one kernel thread.  What is not installed is left out, and said."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

RUN = sys.argv.pop(1)
SECONDS = 60
PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"


def program(name):
    found = shutil.which(name, path=PATH)
    if not found:
        raise unittest.SkipTest(f"{name} is not installed")
    return found


def kernel_threads(pid):
    return int(re.search(r"^Threads:\s*(\d+)", pathlib.Path(
        f"/proc/{pid}/status").read_text(), re.M)[1])


def run(*command, **options):
    return subprocess.run([RUN, *command], capture_output=True, text=True,
                          timeout=SECONDS, check=True, **options).stdout


class Server:
    """A server under green-run, until the end of the with statement."""

    def __init__(self, ready, *command):
        self.ready, self.command = ready, command

    def __enter__(self):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([RUN, *self.command], stdout=self.log,
                                        stderr=subprocess.STDOUT)
        end = time.monotonic() + SECONDS
        while not self.ready(self):
            if self.process.poll() is not None or time.monotonic() > end:
                self.log.seek(0)
                output = self.log.read()
                self.process.kill()
                raise AssertionError(f"{self.command[0]} is not ready: {output}")
            time.sleep(0.02)
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.log.close()

    def threads(self):
        return kernel_threads(self.process.pid)


def answers(path):
    def ready(server):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(str(path)) == 0
    return ready


class Programs(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)

    def test_python(self):
        output = run(PYTHON, "-c", """
import concurrent.futures, queue, subprocess, threading, time
jobs, done = queue.Queue(), []
def work():
    while (job := jobs.get()) is not None:
        time.sleep(0.001)
        done.append(job)
workers = [threading.Thread(target=work) for _ in range(50)]
for w in workers: w.start()
for i in range(500): jobs.put(i)
for w in workers: jobs.put(None)
for w in workers: w.join()
print(sorted(done) == list(range(500)))
with concurrent.futures.ThreadPoolExecutor(20) as pool:
    print(sum(pool.map(lambda x: x * x, range(100))))
print(subprocess.run(['echo', 'hi'], capture_output=True).stdout,
      subprocess.call('exit 4', shell=True))
e = threading.Event(); threading.Timer(0.02, e.set).start(); print(e.wait(10))
t = threading.Thread(target=time.sleep, args=(0.2,)); t.start()
print([l for l in open('/proc/self/status') if l.startswith('Threads')]); t.join()
""")
        self.assertEqual(output, "True\n328350\nb'hi\\n' 4\nTrue\n['Threads:\\t1\\n']\n")

    def test_redis(self):
        path = self.scratch / "socket"
        cli = [program("redis-cli"), "-s", str(path)]
        with Server(answers(path), program("redis-server"), "--port", "0", "--save", "",
                    "--unixsocket", str(path), "--dir", str(self.scratch)) as server:
            subprocess.run([program("redis-benchmark"), "-s", str(path), "-n", "2000",
                            "-c", "20", "-q", "-t", "set,get"], check=True,
                           timeout=SECONDS, stdout=subprocess.DEVNULL)
            subprocess.run([*cli, "set", "key", "value"], check=True,
                           stdout=subprocess.DEVNULL)
            subprocess.run([*cli, "bgsave"], check=True, stdout=subprocess.DEVNULL)
            end = time.monotonic() + SECONDS
            while not (self.scratch / "dump.rdb").exists():
                self.assertLess(time.monotonic(), end, "no dump was saved")
                time.sleep(0.02)
            self.assertEqual(server.threads(), 1)
        self.assertEqual(server.process.returncode, 0)

    def test_memcached(self):
        path = self.scratch / "socket"

        def talk():
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(path))
                s.sendall(b"set a 0 0 3\r\nabc\r\nget a\r\nquit\r\n")
                with s.makefile("rb") as f:
                    replies.append(f.read())

        replies = []
        with Server(answers(path), program("memcached"), "-u", "root", "-t", "4",
                    "-s", str(path)) as server:
            clients = [threading.Thread(target=talk) for _ in range(50)]
            for c in clients:
                c.start()
            for c in clients:
                c.join(SECONDS)
            self.assertEqual(server.threads(), 1)
        self.assertEqual(replies, [b"STORED\r\nVALUE a 0 3\r\nabc\r\nEND\r\n"] * 50)

    def test_http(self):
        (self.scratch / "page").write_text("x" * 5000)
        with Server(self.port, PYTHON, "-u", "-m", "http.server",
                    "--bind", "127.0.0.1", "-d", str(self.scratch), "0") as server:
            url = f"http://127.0.0.1:{self.port(server)}/page"
            output = subprocess.run([program("ab"), "-q", "-n", "200", "-c", "4", url],
                                    check=True, capture_output=True, text=True,
                                    timeout=SECONDS).stdout
            self.assertRegex(output, r"Complete requests: +200\n")
            self.assertRegex(output, r"Failed requests: +0\n")
            self.assertEqual(server.threads(), 1)
            self.assertEqual(run(program("wget"), "-q", "-O", "-", url), "x" * 5000)
            output = run(program("wrk"), "-t4", "-c8", "-d1", url)
            self.assertRegex(output, r"[1-9]\d* requests in")

    @staticmethod
    def port(server):
        server.log.seek(0)
        match = re.search(r" port (\d+)", server.log.read())
        return match and match[1]

    def test_nginx(self):
        path, root = self.scratch / "socket", self.scratch
        (root / "page").write_text("a page")
        config = root / "nginx.conf"
        config.write_text(f"""
daemon off; worker_processes 2; pid {root}/pid; error_log stderr;
user root; events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {root}/b; proxy_temp_path {root}/p;
fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;
server {{ listen unix:{path}; root {root}; }} }}""")
        if os.getuid() != 0:
            config.write_text(config.read_text().replace("user root;", ""))
        curl = [program("curl"), "-s", "--unix-socket", str(path), "http://x/page"]
        with Server(answers(path), program("nginx"), "-c", str(config), "-p",
                    str(root), "-e", "stderr") as server:
            for _ in range(20):
                page = subprocess.run(curl, check=True, capture_output=True,
                                      timeout=SECONDS).stdout
                self.assertEqual(page, b"a page")
            self.assertEqual(server.threads(), 1)

    def test_mariadb(self):
        server_program, client = program("mariadbd"), program("mariadb")
        path, data = self.scratch / "socket", self.scratch / "data"
        subprocess.run([program("mariadb-install-db"), f"--datadir={data}",
                        "--auth-root-authentication-method=normal",
                        f"--user={os.environ.get('USER', 'root')}"],
                       check=True, capture_output=True, timeout=5 * SECONDS)
        with Server(answers(path), server_program, "--no-defaults", f"--datadir={data}",
                    f"--socket={path}", "--skip-networking", "--user=root",
                    "--innodb-use-native-aio=0", "--max-connections=200",
                    f"--pid-file={self.scratch}/pid") as server:
            clients = [subprocess.Popen([client, "--no-defaults", "-uroot", "-S",
                                         str(path), "-Ne", "select sleep(1), 42"],
                                        stdout=subprocess.PIPE, text=True)
                       for _ in range(100)]
            for c in clients:
                self.assertEqual(c.communicate(timeout=SECONDS)[0], "0\t42\n")
            self.assertEqual(server.threads(), 1)
            output = run(client, "--no-defaults", "-uroot", "-S", str(path), "-Ne",
                         "create database d; create table d.t (a int); "
                         "insert into d.t values (1), (2); select sum(a) from d.t")
            self.assertEqual(output, "3\n")

    def test_git(self):
        git = program("git")
        place = self.scratch / "place"
        run(git, "init", "-q", str(place))
        (place / "file").write_text("text\n")
        who = ["-c", "user.name=n", "-c", "user.email=e", "-C", str(place)]
        run(git, *who, "add", "file")
        run(git, *who, "commit", "-qm", "one")
        run(git, "clone", "-q", str(place), str(self.scratch / "copy"))
        self.assertEqual(run(git, "-C", str(self.scratch / "copy"), "log",
                             "--format=%s"), "one\n")

    def test_cxx(self):
        compiler = program(os.environ.get("CXX", "g++"))
        source = pathlib.Path(__file__).parent / "run/cxx.cc"
        binary = str(self.scratch / "cxx")
        built = subprocess.run([compiler, "-std=c++20", "-pthread", str(source), "-o",
                                binary], capture_output=True, text=True)
        if built.returncode != 0:
            self.skipTest(f"{compiler} knows no C++20: {built.stderr[:200]}")
        plain = subprocess.run([binary], check=True, capture_output=True,
                               text=True).stdout
        self.assertEqual(run(binary), plain)


if subprocess.run([RUN, "true"], stdout=subprocess.DEVNULL).returncode != 0:
    print("green-run cannot run here")
    sys.exit(77)
unittest.main(verbosity=2)

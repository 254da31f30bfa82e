#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compare_io.py BUILD [--rounds N] [--less N] - servers of libgreen beside others.

BUILD is the build directory of a Release build, with examples.  Each round asks each
server the same, one after the other; printed are the medians of the server's CPU time
per request, and in brackets the ratio to libgreen (above 1: slower than libgreen).

Echo of 64 bytes among idle connections, beside epoll by hand; and plain text over HTTP
under wrk, with one request at a time on a connection and with 16, beside nginx and Go.
libgreen's example looks up and reads a file for each answer, the others know theirs; and
of a server's time that of all its threads counts.  What is not installed is left out.
--less N asks for so many times less.
"""
import argparse
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ECHO = [(64, 0), (1000, 0), (9000, 0), (64, 9000)]  # busy and idle connections
HTTP = [(64, 1), (1000, 1), (64, 16)]  # connections, requests at a time on each
PIPELINE = """local n = tonumber(os.getenv("AT_ONCE"))
function init() one = wrk.format("GET", "/"); all = string.rep(one, n) end
function request() return all end
"""
NGINX = """worker_processes 1; daemon off; master_process off; error_log /dev/null;
pid {place}/pid; events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 1000000000;
client_body_temp_path {place}; proxy_temp_path {place}; fastcgi_temp_path {place};
uwsgi_temp_path {place}; scgi_temp_path {place};
server {{ listen 127.0.0.1:{port}; location / {{ return 200 "hello\\n"; }} }} }}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def echo_once(build, kind, busy, idle, requests):
    """Nanoseconds of the server's CPU time per request, or None."""
    command = [str(build / "bench/bench_echo"), kind, str(busy + idle)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        port = process.stdout.readline().strip()
        done = subprocess.run([str(build / "bench/bench_load"), port, str(busy), str(requests),
                               str(idle), str(process.pid)],
                              capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            process.kill()  # too many descriptors for this user, most likely
            return None
        return int(done.stdout) / requests


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e9 / os.sysconf("SC_CLK_TCK")


def await_port(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


def http_once(command, port, connections, at_once, seconds, script):
    """The same of a server under wrk."""
    environment = {**os.environ, "GOMAXPROCS": "1", "AT_ONCE": str(at_once)}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=environment)
    try:
        if not await_port(port):
            return None
        before = cpu_of(process.pid)
        done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script,
                               f"http://127.0.0.1:{port}/"], capture_output=True, text=True,
                              env=environment)
        requests = next((int(line.split()[0]) for line in done.stdout.splitlines()
                         if " requests in " in line), 0)
        return (cpu_of(process.pid) - before) / requests if requests else None
    finally:
        process.kill()
        process.wait()


def http_servers(build, place):
    """{name: (command, port)} of those that are here."""
    servers, port, site = {}, free_port(), place / "site"
    site.mkdir()
    (site / "index.html").write_text("hello\n")
    ours = build / "examples/http_server"
    if ours.is_file():
        servers["libgreen"] = ([str(ours), "-l", f"127.0.0.1:{port}", "-c", "4096", str(site)], port)
    if nginx := shutil.which("nginx", path="/usr/sbin:/usr/bin"):
        port = free_port()
        (place / "nginx.conf").write_text(NGINX.format(place=place, port=port))
        servers["nginx"] = ([nginx, "-c", str(place / "nginx.conf"), "-e", "/dev/null"], port)
    source, target = HERE / "peers/http.go", place / "http_go"
    if shutil.which("go") and subprocess.run(["go", "build", "-o", str(target), str(source)],
                                             capture_output=True).returncode == 0:
        port = free_port()
        servers["Go"] = ([str(target), f"127.0.0.1:{port}"], port)
    return servers


def tell(question, names, rounds, one):
    figures = {name: [] for name in names}
    for _ in range(rounds):
        for name in list(figures):
            if (figure := one(name)) is None:
                del figures[name]
            else:
                figures[name].append(figure)
    cells = []
    for name, values in figures.items():
        text = f"{name} {statistics.median(values):,.0f}"
        if name != "libgreen" and "libgreen" in figures:
            text += f" ({statistics.median(b / a for a, b in zip(figures['libgreen'], values)):.2f})"
        cells.append(text)
    print(f"{question}: " + ", ".join(cells), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--less", type=int, default=1)
    options = parser.parse_args()
    build, less = options.build.resolve(), options.less
    kinds = {"libgreen": "green", "epoll, level": "lt", "epoll, edge": "et"}
    for busy, idle in ECHO:
        requests = max(100_000 // less, busy)
        tell(f"echo, {busy:,} busy, {idle:,} idle", kinds, options.rounds,
             lambda name: echo_once(build, kinds[name], busy, idle, requests))
    if not shutil.which("wrk"):
        print("left out: HTTP, for there is no wrk")
        return
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        script = place / "pipeline.lua"
        script.write_text(PIPELINE)
        servers = http_servers(build, place)
        for connections, at_once in HTTP:
            tell(f"HTTP, {connections:,} connections, {at_once} at once", servers, options.rounds,
                 lambda name: http_once(*servers[name], connections, at_once,
                                        max(5 // less, 1), str(script)))


main()

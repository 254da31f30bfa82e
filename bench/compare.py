#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compare.py BUILD [OPTION...] - libgreen beside its peers.

BUILD is the build directory of a Release build.  The peers in bench/peers are built
where their packages are installed (libst-dev, libpth-dev, libboost-fiber-dev,
golang-go, python3-gevent, libev-dev, libuv1-dev, luajit), the others are left out.  Each
round asks each program the same question, one after the other; what is written is
the median of the rounds, and the median of the ratios of each round.

Writes RESULTS.md and plots of cost against size (SVG), after each question what
is known by then, to bench/ or where --out says.  --rounds N asks N times, not 5;
--less N asks for so many times less of everything, on a slow machine; --long asks
for a million at once, too, and four of parked ones, which takes 20 GiB and an hour
where a first touch of memory is slow.  Each question is asked once at least, and no
more than that when its share of --minutes (11) is over.
--quick asks for little and once: it shows that all works, the figures mean nothing.
--alone asks no peers but the floor.
"""
import argparse
import functools
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from math import log10

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "peers"
PYTHON = "/usr/bin/python3"  # for which Debian's gevent is
QUICK = 200  # times less

# name: source, compiler and what it is linked with; or an interpreter
BUILT = {
    "floor": ("floor.c", ["cc", "-O2"], []),
    "State Threads": ("st.c", ["cc", "-O2"], ["-lst"]),
    "Pth": ("gnu_pth.c", ["cc", "-O2"], ["-lpth"]),
    "Boost": ("boost.cpp", ["c++", "-O2", "-std=c++17"],
              ["-lboost_fiber", "-lboost_context", "-lpthread"]),
    "libev": ("ev.c", ["cc", "-O2"], ["-lev"]),
    "libuv": ("uv.c", ["cc", "-O2"], ["-luv"]),
    "Go": ("go.go", ["go", "build"], []),
    "Go echo": ("echo.go", ["go", "build"], []),
}

# program of ours, question, how many; a slow peer does fewer
QUESTIONS = [
    ("bench", "switch", 4_000_000), ("chain", "switch.apart", 2_000_000),
    ("chain", "chain.10", 2_000_000), ("chain", "chain.1000", 2_000_000),
    ("bench", "yield", 2_000_000), ("bench", "yield.1000", 2_000_000),
    ("bench", "yield.100k", 500_000),
    ("bench", "spawn", 500_000), ("bench", "spawn.100", 500_000),
    ("bench", "spawn.100k", 500_000),
    ("bench", "queue", 2_000_000), ("bench", "channel", 1_000_000),
    ("bench", "sem", 1_000_000), ("bench", "sem.timed", 1_000_000),
    ("bench", "mutex", 4_000_000), ("bench", "mutex.wait", 500_000),
    ("wakes", "event.10k", 100_000), ("wakes", "ring.1000", 500_000),
    ("wakes", "select.8", 500_000), ("wakes", "local", 4_000_000),
    ("wakes", "cancel", 100_000), ("wakes", "read.ready", 200_000),
]
# Of so many at once: question, sizes, the most rounds.  With --long also those at the end.
MANY = [
    ("timer.start", (1000, 50_000, 1_000_000), 3), ("timer.again", (1000, 50_000, 1_000_000), 3),
    ("timer.cancel", (1000, 50_000, 1_000_000), 3),
    ("park", (10_000, 100_000), 3), ("park.warm", (10_000, 100_000), 3),
    ("sleeps", (10_000, 100_000), 3), ("skynet", (1000, 10_000, 100_000), 3),
    ("skynet.warm", (1000, 10_000, 100_000), 3),
    ("memory", (10_000, 100_000, 1_000_000), 1), ("memory.64k", (10_000, 100_000, 1_000_000), 1),
    ("touch", (10_000,), 5),
]
LONG = {"park": 1_000_000, "park.warm": 1_000_000, "skynet": 1_000_000,
        "skynet.warm": 1_000_000, "memory": 4_000_000}
SLOW = {"gevent": 20, "Pth": 200}
MOST = {"gevent": 10_000, "Pth": 1000, "State Threads": 100_000, "Boost": 10_000}
ECHO = [(1, 10_000), (64, 100_000), (1000, 100_000), (8000, 100_000)]
SIZES = {"yield": ("yield", 2), "yield.1000": ("yield", 1000), "yield.100k": ("yield", 100_000),
         "spawn": ("spawn", 1), "spawn.100": ("spawn", 100), "spawn.100k": ("spawn", 100_000)}
PLOTS = {
    "yield": "yield: nanoseconds against greenlets",
    "spawn": "spawn and join: nanoseconds against greenlets in a batch",
    "timer.again": "timer set anew: nanoseconds against timers",
    "skynet": "skynet: nanoseconds per leaf against leaves",
    "memory": "a parked greenlet: bytes against greenlets",
}


def build(place):
    """{name: command} of the peers that are here."""
    found = {}
    for name, (source, compiler, libraries) in BUILT.items():
        target = place / name.replace(" ", "_")
        command = [*compiler, "-o", str(target), str(PEERS / source), *libraries]
        if not shutil.which(compiler[0]):
            print(f"left out: {name}, for there is no {compiler[0]}")
            continue
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0:
            found[name] = [str(target)]
        else:
            print(f"left out: {name}: {done.stderr.strip()[-200:]}")
    if shutil.which("luajit"):
        found["LuaJIT"] = ["luajit", str(PEERS / "luajit.lua")]
    else:
        print("left out: LuaJIT")
    if pathlib.Path(PYTHON).exists() and \
            subprocess.run([PYTHON, "-c", "import gevent"], capture_output=True).returncode == 0:
        found["gevent"] = [PYTHON, str(PEERS / "gevent_peer.py")]
        found["gevent echo"] = [PYTHON, str(PEERS / "gevent_echo.py")]
    else:
        print("left out: gevent")
    return found


remarks = []  # what programs say beside their figures


def ask(command, question, n, patience=20):
    """The figure, or None if that is not a question for this program, or one that it
    does not answer in time."""
    small = question.endswith(".64k")
    try:
        done = subprocess.run(
            [*command, question.removesuffix(".64k"), str(n)], capture_output=True, text=True,
            timeout=patience, env={**os.environ, "GREEN_STACK_SIZE": "64k"} if small else None)
    except subprocess.TimeoutExpired:
        return None
    if question.startswith("memory") and "mappings" in done.stderr:
        remarks.append(f"{question}: {done.stderr.strip()}.")
    fields = done.stdout.split()
    return float(fields[1]) if done.returncode == 0 and len(fields) == 2 else None


class Clock:
    """Until when questions are asked more than once."""
    began = time.monotonic()
    until = float("inf")

    @classmethod
    def share(cls, minutes):
        cls.until = cls.began + 60 * minutes


def rounds_of(programs, rounds, one):
    """{name: [figure of each round]}; who has no answer is not asked again."""
    figures = {name: [] for name in programs}
    for i in range(rounds):
        if i > 0 and time.monotonic() > Clock.until:
            break
        for name in list(figures):
            figure = one(name, programs[name])
            if figure is None:
                del figures[name]
            else:
                figures[name].append(figure)
    return figures


def serve_once(server, load, connections, requests, trace=None):
    """Nanoseconds of the server's CPU time per request, or None."""
    command = [*server, str(connections)]
    if trace:
        command = ["strace", "-f", "-c", "-o", trace, *command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        port = process.stdout.readline().strip()
        done = subprocess.run([*load, port, str(connections), str(requests), "0",
                               str(process.pid)], capture_output=True, timeout=120)
        if done.returncode != 0:
            process.kill()  # too many descriptors for this user, most likely
            return None
        return int(done.stdout) / requests


def calls_in(trace):
    line = re.search(r"^100\.00 .*total$", pathlib.Path(trace).read_text(), re.M)
    return int(re.findall(r"\d+", line[0].split(None, 3)[3])[0])


def calls_per_request(server, load, connections, requests):
    """System calls: what more requests add."""
    if not shutil.which("strace"):
        return None
    counts = []
    with tempfile.NamedTemporaryFile() as trace:
        for n in (requests, 2 * requests):
            if serve_once(server, load, connections, n, trace.name) is None:
                return None
            counts.append(calls_in(trace.name))
    return (counts[1] - counts[0]) / requests


def ratio(figures, ours, name):
    return statistics.median(theirs / own for own, theirs in zip(figures[ours], figures[name]))


def cell(figures, ours, name):
    if name not in figures:
        return ""
    text = f"{statistics.median(figures[name]):,.1f}"
    return text if name == ours else f"{text} ({ratio(figures, ours, name):.2f})"


def table(first, ours, names, rows):
    """rows: [(text, figures)]; names without any figure are left out."""
    names = [n for n in names if any(n in figures for _, figures in rows)]
    lines = ["| " + " | ".join([first, *names]) + " |", "|---" * (len(names) + 1) + "|"]
    for text, figures in rows:
        lines.append("| " + " | ".join([text] + [cell(figures, ours, n) for n in names]) + " |")
    return lines


def plot(path, title, lines):
    """lines: {name: [(size, cost)]}, both axes logarithmic."""
    points = [p for line in lines.values() for p in line]
    if not points:
        return
    xs, ys = [log10(x) for x, _ in points], [log10(y) for _, y in points]
    low_x, low_y = min(xs), int(min(ys))
    wide, high = max(xs) - low_x or 1, int(max(ys)) + 1 - low_y

    def place(x, y):
        return 60 + 460 * (log10(x) - low_x) / wide, 340 - 300 * (log10(y) - low_y) / high
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="680" height="380" '
           'font-family="sans-serif" font-size="12">',
           '<rect width="680" height="380" fill="white"/>', f'<text x="60" y="20">{title}</text>']
    for i in range(high + 1):
        y = 340 - 300 * i / high
        out.append(f'<path d="M60 {y:.0f}H520" stroke="#ddd"/>'
                   f'<text x="50" y="{y + 4:.0f}" text-anchor="end">{10 ** (low_y + i):,}</text>')
    for x in sorted({x for x, _ in points}):
        out.append(f'<text x="{place(x, 1)[0]:.0f}" y="360" text-anchor="middle">{x:,}</text>')
    colours = ["#0a7d33", "#c33", "#36c", "#b80", "#808", "#088", "#555", "#e6a", "#963", "#000"]
    ends = []
    for colour, (name, line) in zip(colours, lines.items()):
        path_text = "L".join(f"{x:.0f} {y:.0f}" for x, y in (place(*p) for p in line))
        x, y = place(*line[-1])
        while any(abs(y - other) < 13 for other in ends):
            y += 13
        ends.append(y)
        out.append(f'<path d="M{path_text}" fill="none" stroke="{colour}" stroke-width="2"/>'
                   f'<text x="{x + 6:.0f}" y="{y + 4:.0f}" fill="{colour}">{name}</text>')
    path.write_text("\n".join([*out, "</svg>"]) + "\n")


class Questions:
    """What was answered so far: rows for the table, lines for the plots."""

    def __init__(self, build_dir, peers, rounds, tell):
        self.build_dir, self.peers, self.rounds, self.tell = build_dir, peers, rounds, tell
        self.rows, self.lines = [], {}

    def row(self, text, program, question, rounds, count, patience, peers=None):
        """One row of the table; count(name) is how many to ask for, or None."""
        programs = {"libgreen": [str(self.build_dir / f"bench/bench_{program}")],
                    **(self.peers if peers is None else peers)}
        programs = {name: c for name, c in programs.items() if count(name)}
        figures = rounds_of(programs, rounds,
                            lambda name, c: ask(c, question, count(name), patience))
        print(text, {k: round(statistics.median(v), 1) for k, v in figures.items()}, flush=True)
        self.rows.append((text, figures))
        self.tell((self.rows, self.lines))
        return figures

    def draw(self, plotted, size, figures):
        for name, figure in figures.items():
            line = self.lines.setdefault(plotted, {}).setdefault(name, [])
            line.append((size, statistics.median(figure)))

    def ask_one_by_one(self, less):
        for program, question, n in QUESTIONS:
            figures = self.row(question, program, question, self.rounds,
                               lambda name: max(n // less // SLOW.get(name, 1), 20), 60)
            if question in SIZES:
                self.draw(*SIZES[question], figures)

    def ask_many(self, sizes_of, patience):
        for question, sizes, rounds in MANY:
            peers = {} if question.endswith(".64k") else None
            for n in sizes_of(question, sizes):
                # Minutes, where a first touch is slow.
                once = n >= 100_000 and not question.startswith("timer")
                figures = self.row(
                    f"{question} {n:,}", "many", question, 1 if once else min(rounds, self.rounds),
                    lambda name: n if n <= MOST.get(name, n) else None, patience, peers)
                if question in PLOTS:
                    self.draw(question, n, figures)


def ask_questions(build_dir, peers, options, tell):
    questions = Questions(build_dir, peers, options.rounds, tell)
    Clock.share(0.4 * options.minutes)
    questions.ask_one_by_one(options.less)

    def sizes_of(question, sizes):
        if options.less >= QUICK:
            return [1000]
        if options.long and question in LONG:
            return [*sizes, LONG[question]]
        return sizes
    Clock.share(0.6 * options.minutes)
    questions.ask_many(sizes_of, 1200 if options.long else 90)
    return questions.rows, questions.lines


def ask_servers(build_dir, peers, rounds, less, tell):
    echo, load = str(build_dir / "bench/bench_echo"), [str(build_dir / "bench/bench_load")]
    servers = {"libgreen": [echo, "green"], "epoll, level": [echo, "lt"], "epoll, edge": [echo, "et"]}
    servers |= {n[:-5]: c for n, c in peers.items() if n.endswith(" echo")}
    rows, lines = [], {}
    for connections, n in ECHO if less < QUICK else [(4, 100 * QUICK)]:
        requests = n // less
        figures = rounds_of(servers, rounds, lambda name, command: serve_once(
            command, load, connections, max(requests // (5 if name == "gevent" else 1), connections)))
        print("echo", connections, {k: round(statistics.median(v)) for k, v in figures.items()},
              flush=True)
        rows.append((f"{connections:,} connections", figures))
        for name, figure in figures.items():
            lines.setdefault(name, []).append((connections, statistics.median(figure)))
        tell((rows, lines))
    calls = {}
    for name, command in servers.items():
        if less < QUICK and (count := calls_per_request(command, load, 64, 5000)) is not None:
            calls[name] = [count]
    return rows + ([("system calls, 64 connections", calls)] if calls else []), lines


def version(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return None
    return (done.stdout or done.stderr).strip().split("\n")[0] if done.returncode == 0 else None


@functools.cache
def versions():
    """Of what was measured, as far as somebody can tell."""
    said = [version("cc", "--version"), version("go", "version"), version("luajit", "-v"),
            version("nginx", "-v")]
    packages = ["libst-dev", "libpth-dev", "libboost-fiber-dev", "python3-gevent", "libev-dev",
                "libuv1-dev"]
    said += [version("dpkg-query", "-W", "-f", "${Package} ${Version}", p) for p in packages]
    said += [f"libgreen {version('git', '-C', str(HERE), 'rev-parse', '--short', 'HEAD')}"]
    return "; ".join(text for text in said if text)


def write(out, rounds, less, questions, servers):
    rows, lines = questions
    echo_rows, echo_lines = servers
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    text = [
        "# Results", "",
        "Made by [compare.py](compare.py), never by hand: medians of "
        f"{rounds} rounds or, for what takes long, fewer; in brackets the ratio to libgreen (the",
        "median of those of each round; above 1: slower than libgreen). What the questions are, [README.md](README.md) says.",
        "", f"{platform.system()} {platform.release()}, {cpu[1] if cpu else platform.machine()}, load "
        f"{pathlib.Path('/proc/loadavg').read_text().split()[0]}; counts divided by {less}.",
        f"Versions: {versions()}.", "Command: `" + " ".join(sys.argv) + "`.", "",
        "## Operations: nanoseconds of CPU time; `memory` in bytes", ""]
    text += table("question", "libgreen", ["libgreen", *[p for p in BUILT if " echo" not in p], "LuaJIT", "gevent"],
                  rows)
    text += ["", *remarks, "", *[f"![{name}]({name}.svg)" for name in PLOTS if name in lines], "",
             "## Echo of 64 bytes: nanoseconds of the server's CPU time per request", ""]
    text += table("", "libgreen", ["libgreen", "epoll, level", "epoll, edge", "Go", "gevent"], echo_rows)
    text += ["", "![echo](echo.svg)", ""]
    (out / "RESULTS.md").write_text("\n".join(text))
    for name, of in lines.items():
        plot(out / f"{name}.svg", PLOTS[name], of)
    plot(out / "echo.svg", "echo: nanoseconds of CPU per request against connections", echo_lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--less", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--minutes", type=float, default=11)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--out", type=pathlib.Path, default=HERE)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.quick:
        options.rounds, options.less = 1, QUICK
    rounds, less = options.rounds, options.less
    with tempfile.TemporaryDirectory() as place:
        found = {} if options.alone else build(pathlib.Path(place))
        peers = {n: c for n, c in found.items() if not n.endswith(" echo")}
        questions = ask_questions(
            options.build.resolve(), peers, options,
            lambda known: write(options.out, rounds, less, known, ([], {})))
        Clock.share(options.minutes)
        servers = ask_servers(
            options.build.resolve(), found, rounds, less,
            lambda known: write(options.out, rounds, less, questions, known))
    write(options.out, rounds, less, questions, servers)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_oracle.py [--record] COMMAND... - libgreen does what gevent does.

The programs in tests/oracle are there twice, for gevent and for libgreen.
expected/NAME.out is what the one for gevent printed; where libgreen differs, and
docs/from-gevent.md says why, expected/NAME.green.out is what that prints.
COMMAND runs tests/oracle/oracle.c.  Where gevent is installed, the recordings are
compared with it, too; --record makes them anew.  behaviours.txt says which of our
tests stand for those of gevent.
"""
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent / "oracle"
EXPECTED = HERE / "expected"
DOCUMENT = HERE.parent.parent / "docs/from-gevent.md"
SECTION = re.compile(r"^## Where the order differs\n(.*?)(?=^## |\Z)", re.S | re.M)
ROW = re.compile(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.+?) \|$", re.M)
TEST = re.compile(r"\b(\w+)\(void \*\*state\)")
TRIES = 3  # gevent's clock is a real one, and this machine may be busy


def run(command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True, check=False)


def ask_gevent():
    """(version, outputs) of gevent, or None where there is none."""
    for python in (sys.executable, "/usr/bin/python3"):
        result = run([python, HERE / "programs.py", "--all"])
        if result.returncode == 0:
            answer = json.loads(result.stdout)
            return answer["version"], answer["outputs"]
    return None


def ask_libgreen(command):
    """{NAME: output}, and what went wrong besides."""
    result = run(command)
    parts = re.split(r"^== (\w+)\n", result.stdout, flags=re.M)
    if result.returncode != 0:
        parts[0] += f"{command} ended with {result.returncode}\n"
    return dict(zip(parts[1::2], parts[2::2])), parts[0] + result.stderr


def recorded():
    """{NAME: gevent's output}, {NAME: libgreen's output where it differs}."""
    texts = {path.name[:-4]: path.read_text() for path in EXPECTED.glob("*.out")}
    differing = {name[:-6]: text for name, text in texts.items()
                 if name.endswith(".green")}
    return ({name: text for name, text in texts.items()
             if not name.endswith(".green")}, differing)


def document_rows():
    """{NAME: (gevent's output, libgreen's output, why they differ)}"""
    section = SECTION.search(DOCUMENT.read_text(encoding="utf-8"))
    return {row[0]: row[1:] for row in ROW.findall(section[1] if section else "")}


def on_one_line(output):
    return ", ".join(output.splitlines())


def record(command):
    """A difference is recorded only if the document has a row for it."""
    version, outputs = ask_gevent()
    ours = ask_libgreen(command)[0]
    rows = document_rows()
    for path in EXPECTED.glob("*.out"):
        path.unlink()
    for name, output in outputs.items():
        (EXPECTED / f"{name}.out").write_text(output)
        if ours[name] != output and name in rows:
            (EXPECTED / f"{name}.green.out").write_text(ours[name])
        elif ours[name] != output:
            print(f"{name}: {on_one_line(output)} | {on_one_line(ours[name])}")
    (EXPECTED / "gevent-version").write_text(version + "\n")


def check_libgreen(command, theirs, differing):
    ours, complaints = ask_libgreen(command)
    if complaints:
        yield complaints
    for name in sorted(set(ours) ^ set(theirs)):
        yield f"{name} is not both a program for libgreen and a recording"
    for name in sorted(set(ours) & set(theirs)):
        expected = differing.get(name, theirs[name])
        if ours[name] != expected:
            yield f"{name} printed\n{ours[name]}instead of\n{expected}"


def check_gevent(theirs):
    """The recordings are what gevent does today, if it is the one recorded."""
    faults = []
    for _ in range(TRIES):
        answer = ask_gevent()
        if not answer:
            print("gevent is not installed: compared with the recordings only")
            return []
        version, outputs = answer
        faults = [f"gevent {version} printed for {name}\n{outputs.get(name)}"
                  f"but its recording is\n{theirs.get(name)}"
                  for name in sorted(set(outputs) | set(theirs))
                  if outputs.get(name) != theirs.get(name)]
        if not faults:
            print(f"gevent {version} does what was recorded")
            return []
    if version != (EXPECTED / "gevent-version").read_text().strip():
        print("of another version of gevent than was recorded:", *faults, sep="\n")
        return []
    return faults


def check_document(theirs, differing):
    """Each difference has its row: NAME, gevent's output, libgreen's, why."""
    rows = document_rows()
    for name in sorted(set(rows) ^ set(differing)):
        yield (f"{name} is not both in {DOCUMENT.name}, \"Where the order differs\", "
               "and a recording of a difference")
    for name in sorted(set(rows) & set(differing)):
        shown = (on_one_line(theirs[name]), on_one_line(differing[name]))
        if rows[name][:2] != shown:
            yield f"{DOCUMENT.name}: the row of {name} does not show {shown}"


def named_tests():
    """All that behaviours.txt may name, but for programs of the oracle."""
    tests = HERE.parent
    names = {path.name for pattern in ("test_*.c", "**/test_*.py")
             for path in tests.glob(pattern)}
    for path in tests.glob("test_*.c"):
        names.update(TEST.findall(path.read_text(encoding="utf-8")))
    return names


def check_behaviours(programs):
    """Each has a number of its own, and tests that exist or a reason for none."""
    known = named_tests() | programs
    lines = (HERE / "behaviours.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line and line[0] != "#"]
    for number, row in enumerate(rows, 1):
        if len(row) != 3 or row[0] != str(number):
            yield f"behaviours.txt: {' | '.join(row)}: not {number} | what | where"
        elif not row[2].startswith("n/a: "):
            for name in row[2].split():
                if name not in known:
                    yield f"behaviours.txt: {number}: there is no test {name}"


def main():
    words = sys.argv[1:]
    if words[0] == "--record":
        record(words[1:])
        return
    theirs, differing = recorded()
    faults = [*check_libgreen(words, theirs, differing), *check_gevent(theirs),
              *check_document(theirs, differing), *check_behaviours(set(theirs))]
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{len(theirs)} programs, {len(differing)} of them on purpose different, "
          f"{len(faults)} faults")
    sys.exit(bool(faults))


main()

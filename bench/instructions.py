#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""instructions.py show|check|update PROGRAM BUILD - instructions per operation.

PROGRAM is bench_instructions, BUILD says what built it, as in "GNU 12.2.0 x86_64
Release".  Callgrind counts what it executes; of that, what is its own and libgreen's
is shown, exact to the instruction, and how often an operation calls something
else (libc, so the kernel too).

check compares with instructions.txt, which was made by update, and fails if anything
differs, less or more: a change that makes a path longer or shorter changes that
file too.  Other compilers make other code: it exits with 77 if BUILD is not that of
the file, or if there is no Valgrind.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

BASELINE = pathlib.Path(__file__).parent / "instructions.txt"
SKIPPED = 77
HEAD = """\
# Instructions per operation, and calls of libc; made by instructions.py update.
# built by: {}
#
"""


def skip(why):
    print("skipped:", why)
    sys.exit(SKIPPED)


def parse(lines, program):
    """What one dump says: its name, the program's own instructions, calls out of it."""
    name, own, calls = None, 0, 0
    inside, leaves, inclusive = False, False, False
    for line in lines:
        if line.startswith("desc: Trigger: Client Request: "):
            name = line.split(": ", 3)[3].strip()
        elif line.startswith("ob="):
            inside = line[3:].strip() == program
        elif line.startswith("cob="):
            leaves = line[4:].strip() != program
        elif line.startswith("calls="):
            if inside and leaves:
                calls += int(line[6:].split()[0])
            leaves, inclusive = False, True
        elif line[:1].isdigit():
            if inside and not inclusive:
                own += int(line.split()[1])
            inclusive = False
    return name, own, calls


def count(program):
    """{operation: (instructions, calls)}, of one each, in the order of the program."""
    totals = {}
    with tempfile.TemporaryDirectory() as place:
        subprocess.run(
            ["valgrind", "--tool=callgrind", "--compress-strings=no", "--compress-pos=no",
             f"--callgrind-out-file={place}/out", program],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for path in sorted(pathlib.Path(place).glob("out.*"), key=lambda p: int(p.suffix[1:])):
            name, own, calls = parse(path.read_text().splitlines(), program)
            operation, n = name.split()
            totals.setdefault(operation, []).append((int(n), own, calls))
    return {operation: tuple((b - a) / (twice[0] - once[0])
                             for a, b in zip(once[1:], twice[1:]))
            for operation, (once, twice) in totals.items()}


def text_of(counts):
    return {name: f"{round(own, 2) + 0.0:.2f} {round(calls, 2) + 0.0:.2f}"
            for name, (own, calls) in counts.items()}


def baseline():
    """The build that it is for, and {operation: text}."""
    built, texts = None, {}
    for line in BASELINE.read_text().splitlines():
        if line.startswith("# built by: "):
            built = line[12:]
        elif not line.startswith("#"):
            name, own, calls = line.split()
            texts[name] = f"{own} {calls}"
    return built, texts


def row(name, text):
    own, calls = text.split()
    return f"{name:<18}{own:>10}{calls:>8}"


def check(program, build):
    built, expected = baseline()
    if build != built:
        skip(f"the baseline is for {built}, this is {build}")
    found = text_of(count(program))
    faults = [f"{name}: {expected.get(name, 'not there')} became {found.get(name, 'not there')}"
              for name in {**expected, **found} if expected.get(name) != found.get(name)]
    print("\n".join(faults))
    if faults:
        sys.exit("if that is meant: instructions.py update, and commit instructions.txt")


def update(program, build):
    lines = [row(name, text) for name, text in text_of(count(program)).items()]
    BASELINE.write_text(HEAD.format(build) + "\n".join(lines) + "\n")


def show(program, build):
    print("#", build)
    for name, text in text_of(count(program)).items():
        print(row(name, text))


def main():
    actions = {"show": show, "check": check, "update": update}
    if len(sys.argv) != 4 or sys.argv[1] not in actions:
        sys.exit(__doc__)
    if not shutil.which("valgrind"):
        skip("there is no valgrind")
    actions[sys.argv[1]](str(pathlib.Path(sys.argv[2]).resolve()), sys.argv[3])


if __name__ == "__main__":
    main()

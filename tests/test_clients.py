#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_clients.py BUILD CC [NAME] - libraries that block, patched, with real servers.

Many greenlets of one thread use libcurl, hiredis, libpq and others.  Their servers
answer when all of them wait at the same time, or are greenlets of the same thread:
who blocked it would be stopped by the clock of the test.  How long it took and how
punctual a ticker was is printed; it tells of the machine and what else it does, and
docs/patching.md has it of a quiet one.  What is not installed is left out, with a word.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE / "clients"))
import servers

SKIPPED = 77
SECONDS = 200  # for one trial

# What is tried: name, program, library, server, calls, each waits, threads.  Of the
# threads one is the program's; libzmq has two of its own, look-ups have some.
TRIALS = [
    ("HTTP", "libcurl", "libcurl", servers.pages, 200, 0.2, 1),
    ("HTTPS", "libcurl", "libcurl", servers.secure_pages, 100, 0.2, 1),
    ("hiredis", "hiredis", "hiredis", servers.redis, 100, 1.0, 1),
    ("libpq", "libpq", "libpq", servers.postgres, 50, 0.2, 1),
    ("libmariadb", "libmariadb", "libmariadb", servers.mariadb, 100, 0.2, 1),
    ("libzmq", "libzmq", "libzmq", servers.endpoint, 100, 0, 3),
    ("OpenSSL", "openssl", "openssl", servers.certificate, 100, 0, 1),
    ("look-ups", "lookups", None, servers.names, 50, 0.2, None),
]


def flags_of(library):
    if not library:
        return []
    servers.need("pkg-config")
    asked = subprocess.run(["pkg-config", "--cflags", "--libs", library],
                           capture_output=True, text=True)
    if asked.returncode != 0:
        raise servers.Missing(f"{library} is not installed, with headers")
    return asked.stdout.split()


def build(program, library, build_dir, compiler, scratch):
    made = scratch / program
    subprocess.run([compiler, "-O2", "-Wall", "-Werror", "-I", HERE.parent / "include",
                    HERE / "clients" / f"{program}.c", "-L", build_dir,
                    f"-Wl,-rpath,{build_dir}", "-lgreen_patch", "-lgreen",
                    *flags_of(library), "-o", made], check=True)
    return made


def try_one(name, program, library, server, count, wait, threads, build_dir, compiler):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        program = build(program, library, build_dir, compiler, scratch)
        with server(scratch, count) as address:
            address, within = address if isinstance(address, tuple) else (address, [])
            said = subprocess.run([*within, program, address, str(count)], check=True,
                                  stdout=subprocess.PIPE, text=True, timeout=SECONDS)
    print(f"{name}: {said.stdout.strip()}; one after the other: "
          f"{count * wait * 1000:.0f} ms", flush=True)
    match = re.match(r"(\d+) of (\d+), .* (\d+) threads", said.stdout)
    assert match and match[1] == match[2] == str(count), said
    assert threads in (None, int(match[3])), f"not {threads} threads"


def main():
    build_dir, compiler, *names = sys.argv[1:]
    build_dir = pathlib.Path(build_dir).resolve()
    tried = 0
    if not (build_dir / "libgreen_patch.so").exists():
        print("there is no patch library here")
        return SKIPPED
    for trial in TRIALS:
        if names and trial[0] not in names:
            continue
        try:
            try_one(*trial, build_dir, compiler)
            tried += 1
        except servers.Missing as missing:
            print(f"{trial[0]}: left out: {missing}", flush=True)
    return 0 if tried else SKIPPED


if __name__ == "__main__":
    sys.exit(main())

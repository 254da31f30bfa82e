#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""programs.py [NAME | --all] - run a program of the oracle with gevent.

Without NAME: list all.  --all: run each in a process of its own, and print
{"version": of gevent, "outputs": {NAME: what it printed}} as JSON.
"""
import importlib
import json
import os
import sys
import traceback

sys.dont_write_bytecode = True
import gevent  # noqa: E402
from say import PROGRAMS  # noqa: E402

THEMES = ("spawns", "events", "locks", "queues", "kills", "timeouts", "links",
          "groups", "waits", "descriptors", "ends")


def load(themes=THEMES):
    for theme in themes:
        importlib.import_module(theme)


def in_child(fn):
    """What fn prints in a process that has not used gevent before."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writer, 1)
        os.close(reader)
        try:
            fn()
        except BaseException:
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        output = pipe.read()
    os.waitpid(child, 0)
    return output


def print_names(theme):
    load([theme])
    print(*PROGRAMS, sep="\n")


def run(theme, name):
    load([theme])
    PROGRAMS[name]()


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else None
    if word == "--all":
        outputs = {name: in_child(lambda: run(theme, name))
                   for theme in THEMES
                   for name in in_child(lambda: print_names(theme)).split()}
        json.dump({"version": gevent.__version__, "outputs": outputs}, sys.stdout)
        return
    load()
    if word:
        PROGRAMS[word]()
    else:
        print(*PROGRAMS, sep="\n")


main()

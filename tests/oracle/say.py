# SPDX-License-Identifier: MIT
"""say.py - what the gevent half of the oracle shares; oracle.h is its twin.

A program says what happens, one line for each event, in words that do not
depend on the language.
"""
import time

import gevent
from gevent import GreenletExit, Timeout
from gevent.hub import LoopExit
from gevent.queue import Empty, Full
from gevent.socket import timeout

TICK = 0.05  # seconds, between what must happen one after the other
LONG = 60.0  # never passes
PROGRAMS = {}
started = []


def program(fn):
    PROGRAMS[fn.__name__] = fn
    return fn


def say(*words):
    print(*words, flush=True)


def attempt(who, call, *args, **kwargs):
    """Call, say how that ended, and go on: as code that gets -1 and errno."""
    try:
        said = "timed out" if call(*args, **kwargs) is False else "done"
    except GreenletExit:
        said = "killed"
    except (Timeout, timeout, Empty, Full):
        said = "timed out"
    except LoopExit:
        said = "deadlock"
    say(who, said)
    return said == "done"


def start(fn, *args):
    started.append(gevent.spawn(fn, *args))
    return started[-1]


def start_each(fn, names):
    for name in names:
        start(fn, name)


def join_all():
    gevent.joinall(started)


def burn(seconds):
    """Keep everybody else from running."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass

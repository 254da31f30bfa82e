# SPDX-License-Identifier: MIT
"""waits.py - waiting for the first of several."""
import gevent
from gevent.event import Event
from say import TICK, join_all, program, say, start, start_each, started

events = [Event(), Event(), Event()]


def first(timeout=None):
    """The number of the event that comes first."""
    ready = gevent.wait(events, timeout=timeout, count=1)
    return events.index(ready[0]) if ready else "none"


def set_one(_):
    events[1].set()
    say("set 1")


@program
def the_first_of_three_events():
    start(set_one, "")
    say("first", first())
    join_all()


@program
def one_that_is_there_already():
    events[2].set()
    start(set_one, "")
    say("first", first())
    join_all()


@program
def none_in_time():
    say("first", first(TICK))
    events[0].set()
    say("first", first(TICK))


def wait_first(name):
    say(name, "has", first())


@program
def two_wait_for_the_same():
    start_each(wait_first, "ab")
    gevent.sleep(0)
    events[1].set()
    join_all()


def steps(name):
    for _ in range("cba".index(name) * 2):
        gevent.sleep(0)
    say(name, "ends")


@program
def greenlets_as_they_end():
    start_each(steps, "abc")
    for g in gevent.iwait(started):
        say("ended:", "abc"[started.index(g)])


@program
def several_ended_before_it_looks():
    start_each(steps, "abc")
    ended = gevent.iwait(started)
    for _ in range(3):
        for _ in range(5):
            gevent.sleep(0)
        say("ended:", "abc"[started.index(next(ended))])

# SPDX-License-Identifier: MIT
"""ends.py - what is a greenlet's own, and what happens at its end."""
import os
import gevent
from gevent.event import Event
from gevent.local import local
from say import LONG, TICK, attempt, join_all, program, say, start, start_each, started

own, event = local(), Event()


class Goes:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        say("gone:", self.name)


def keep(name):
    own.value = name
    gevent.sleep(0)
    say(name, "has", own.value)


@program
def each_has_its_own_value():
    own.value = "main"
    start_each(keep, "ab")
    join_all()
    say("main has", own.value)


def look(name):
    say(name, "has", getattr(own, "value", "nothing"))


@program
def a_value_is_not_inherited():
    own.value = "main"
    start(look, "child")
    join_all()


def keep_until_told(name):
    own.value = Goes(name)
    event.wait()


@program
def values_go_with_their_greenlets():
    start_each(keep_until_told, "ab")
    gevent.sleep(0)
    event.set()
    gevent.joinall(started)
    say("joined")


def clean_up(name):
    try:
        try:
            attempt(name, event.wait)
        finally:
            say("inner")
    finally:
        say("outer")


@program
def the_latest_clean_up_comes_first():
    start(clean_up, "g")
    event.set()
    join_all()
    say("joined")


@program
def a_killed_one_cleans_up_too():
    g = start(clean_up, "g")
    gevent.sleep(0)
    g.kill()
    say("killed")


def wait_event(name):
    attempt(name, event.wait)


@program
def main_waits_for_what_nobody_will_do():
    start(wait_event, "g")
    attempt("main", started[0].join)
    say("main goes on")


@program
def main_may_then_do_it_itself():
    start(wait_event, "g")
    attempt("main", started[0].join)
    event.set()
    join_all()


def spawn_another(name):
    say(name)
    gevent.spawn(say, "another")


@program
def main_lets_the_others_run_until_none_is_left():
    gevent.spawn(spawn_another, "one")
    gevent.spawn_later(TICK, say, "delayed")
    attempt("main", gevent.get_hub().join)


@program
def main_does_not_wait_longer_than_it_wants():
    gevent.spawn(gevent.sleep, LONG)
    attempt("main", gevent.get_hub().join, TICK)


def wait_as(name, wanted):
    events[wanted].wait()
    say(name, "ends")


events = [Event(), Event(), Event()]


@program
def greenlets_in_the_order_they_end():
    gs = [start(wait_as, name, i) for i, name in enumerate("abc")]
    for i in (2, 0, 1):
        events[i].set()
    for g in gevent.iwait(gs):
        say("ended:", "abc"[gs.index(g)])


# ---- where the order differs ----

@program
def a_fork_with_a_greenlet_ready():
    start(say, "ready one")
    child = gevent.fork()
    if child == 0:
        gevent.sleep(0)
        say("child")
        os._exit(0)
    os.waitpid(child, 0)
    say("parent")
    join_all()


@program
def some_are_left_that_never_end():
    start(wait_event, "g")
    attempt("main", gevent.get_hub().join)

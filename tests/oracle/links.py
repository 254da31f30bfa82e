# SPDX-License-Identifier: MIT
"""links.py - what follows the end of a greenlet."""
import gevent
from gevent.event import AsyncResult, Event
from say import TICK, attempt, join_all, program, say, start, start_each, started

event = Event()


class Failure(OSError):
    pass


gevent.get_hub().NOT_ERROR += (Failure,)  # is not printed


def wait_event(name):
    event.wait()
    say(name, "ends")
    return "value"


def fail(name):
    event.wait()
    say(name, "fails")
    raise Failure()


def join_first(name):
    attempt(name, started[0].join)


def linked(word):
    return lambda g: say(word)


@program
def joiners_are_told_in_order():
    start(wait_event, "g")
    start_each(join_first, "abc")
    gevent.sleep(0)
    event.set()
    join_all()


@program
def links_are_followed_in_order():
    g = start(wait_event, "g")
    for word in ("one", "two", "three"):
        g.link(linked(word))
    event.set()
    join_all()
    gevent.sleep(0)


def link_both(g):
    g.link_value(linked("it went well"))
    g.link_exception(linked("it failed"))
    g.link(linked("it ended"))


@program
def a_link_for_success():
    link_both(start(wait_event, "g"))
    event.set()
    gevent.sleep(TICK)


@program
def a_link_for_failure():
    link_both(start(fail, "g"))
    event.set()
    gevent.sleep(TICK)


@program
def a_link_after_the_end():
    g = start(wait_event, "g")
    event.set()
    join_all()
    g.link(linked("followed"))
    say("linked")
    gevent.sleep(TICK)


@program
def what_a_greenlet_returned():
    event.set()
    g = start(wait_event, "g")
    say(g.get())
    say(g.value, "ready" if g.ready() else "not ready")


@program
def what_a_greenlet_failed_with():
    event.set()
    g = start(fail, "g")
    try:
        g.get()
    except Failure:
        say("get fails")
    say("no value" if g.value is None else "a value")
    say("ended well" if g.successful() else "ended badly")


@program
def a_failure_concerns_nobody_else():
    start(fail, "a")
    start(wait_event, "b")
    event.set()
    join_all()
    say("main goes on")


@program
def a_link_that_fulfils_a_future():
    result = AsyncResult()
    g = start(wait_event, "g")
    g.link(lambda g: result.set(g.value))
    event.set()
    say(result.get())


def link_again(g):
    say("first link")
    g.link(linked("link of the link"))


@program
def a_link_may_link():
    g = start(wait_event, "g")
    g.link(link_again)
    g.link(linked("second link"))
    event.set()
    gevent.sleep(TICK)


@program
def joinall_waits_for_the_last():
    start_each(wait_event, "ab")
    event.set()
    gevent.joinall(started)
    say("all ended")


@program
def joinall_gives_up():
    start_each(wait_event, "ab")
    gevent.joinall(started, timeout=TICK)
    say("ready" if started[0].ready() else "not ready")
    event.set()
    join_all()


def say_one(_):
    say("one")


def say_two(_):
    say("two")


@program
def a_link_that_was_taken_away():
    g = start(wait_event, "g")
    g.link(say_one)
    g.link(say_two)
    g.unlink(say_one)
    event.set()
    gevent.sleep(TICK)


@program
def an_early_link_takes_a_later_one_away():
    def first(g):
        say("first")
        g.unlink(say_one)

    g = start(wait_event, "g")
    g.link(first)
    g.link(say_one)
    g.link(say_two)
    event.set()
    gevent.sleep(TICK)


# ---- where the order differs ----

@program
def a_link_before_a_joiner():
    start(wait_event, "g").link(linked("link"))
    start(join_first, "joiner")
    gevent.sleep(0)
    event.set()
    gevent.sleep(TICK)


def join_self(name):
    attempt(name, gevent.getcurrent().join)


@program
def a_join_of_oneself():
    start(join_self, "g")
    attempt("main", started[0].join)

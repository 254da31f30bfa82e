# SPDX-License-Identifier: MIT
"""timeouts.py - timeouts that nest, expire, or do not."""
import gevent
from gevent import Timeout
from gevent.event import Event
from gevent.queue import Queue
from say import LONG, TICK, attempt, burn, join_all, program, say, start

event, gone, queue = Event(), Event(), Queue()


def bounded(who, seconds, *calls):
    """Make calls within a timeout; say whether that was the one that passed."""
    with Timeout(seconds, False):
        for call in calls:
            call()
        say(who, "in time")
        return
    say(who, "too late")


def sleep_long():
    gevent.sleep(LONG)


@program
def a_timeout_ends_what_is_inside():
    bounded("main", TICK, sleep_long)
    say("after")


@program
def a_timeout_that_is_not_needed():
    event.set()
    bounded("main", TICK, event.wait)
    gevent.sleep(2 * TICK)
    say("after")


@program
def the_inner_passes_first():
    def inner():
        bounded("inner", TICK, sleep_long)

    bounded("outer", LONG, inner)


@program
def the_outer_passes_first():
    def inner():
        bounded("inner", LONG, sleep_long)

    bounded("outer", TICK, inner)


@program
def three_deep_the_middle_passes_first():
    def inner():
        bounded("inner", LONG, sleep_long)

    def middle():
        bounded("middle", TICK, inner)

    bounded("outer", LONG, middle)


@program
def one_after_the_other():
    for n in (1, 2, 3):
        bounded(f"number {n}", TICK if n != 2 else LONG,
                sleep_long if n != 2 else lambda: gevent.sleep(0))


@program
def many_calls_in_one_timeout():
    def step(n):
        def call():
            gevent.sleep(TICK / 10)
            say("step", n)
        return call

    bounded("main", 5 * TICK, step(1), step(2), sleep_long)


def wait_within(name):
    bounded(name, TICK, event.wait)
    gone.set()


def wait(name):
    attempt(name, event.wait)


@program
def a_timeout_is_of_one_greenlet():
    start(wait, "patient")
    start(wait_within, "hasty")
    gone.wait()
    say("setting")
    event.set()
    join_all()


@program
def a_calls_own_timeout_within_a_longer_one():
    def call():
        attempt("get", queue.get, timeout=TICK)

    bounded("main", LONG, call)


@program
def a_longer_timeout_of_a_call_within_a_short_one():
    bounded("main", TICK, lambda: queue.get(timeout=LONG))
    queue.put("x")
    say("size", queue.qsize())


@program
def join_gives_up_and_tries_again():
    g = start(wait, "g")
    g.join(TICK)
    say("ready" if g.ready() else "not ready")
    event.set()
    g.join()
    say("ready" if g.ready() else "not ready")


@program
def a_sleep_due_with_its_timeout_has_slept():
    def call():
        start(late, "burner")
        gevent.sleep(TICK)

    bounded("main", 1.5 * TICK, call)
    join_all()


def late(_):
    burn(3 * TICK)


def set_late(_):
    burn(3 * TICK)
    event.set()


@program
def what_happens_before_the_timeout_is_looked_at_counts():
    def call():
        start(set_late, "")
        event.wait()

    bounded("main", TICK, call)
    join_all()


def wait_long_within(name):
    bounded(name, LONG, event.wait)


@program
def many_timeouts_at_a_time():
    start(wait_long_within, "a")
    b = start(wait_within, "b")
    start(wait_long_within, "c")
    d = start(wait_within, "d")
    gevent.joinall([b, d])
    event.set()
    join_all()


# ---- where the order differs ----

@program
def expired_and_going_on():
    with Timeout(TICK, False):
        attempt("first", gevent.sleep, LONG)
        attempt("second", gevent.sleep, TICK)
        say("in time")
        return
    say("too late")


@program
def a_timeout_of_zero():
    bounded("main", 0, lambda: gevent.sleep(0))

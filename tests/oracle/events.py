# SPDX-License-Identifier: MIT
"""events.py - events and results that others wait for."""
import gevent
from gevent.event import AsyncResult, Event
from say import LONG, TICK, attempt, burn, join_all, program, say, start, start_each

event, other, gone = Event(), Event(), Event()
result = AsyncResult()


def wait_event(name):
    attempt(name, event.wait)


def wait_other(name):
    attempt(name, other.wait)


def speak(name):
    say(name)


@program
def set_wakes_all_in_order():
    start_each(wait_event, "abc")
    gevent.sleep(0)
    start(speak, "before")
    event.set()
    start(speak, "after")
    say("set")
    join_all()


@program
def clear_takes_nothing_away():
    start_each(wait_event, "ab")
    gevent.sleep(0)
    event.set()
    event.clear()
    start(wait_event, "late")
    gevent.sleep(0)
    say("is set" if event.is_set() else "is not set")
    event.set()
    join_all()


@program
def a_set_event_stops_nobody():
    event.set()
    start(speak, "other")
    attempt("first", event.wait)
    attempt("second", event.wait)
    join_all()


@program
def who_asks_while_waiters_are_told_comes_after_them():
    start_each(wait_event, "ab")
    gevent.sleep(0)
    event.set()
    attempt("main", event.wait)
    join_all()


def wait_briefly(name):
    attempt(name, event.wait, TICK)
    gone.set()


@program
def who_gives_up_is_not_told():
    start(wait_briefly, "hasty")
    start(wait_event, "patient")
    gone.wait()
    say("setting")
    event.set()
    join_all()


@program
def two_events_tell_in_the_order_they_were_set():
    start(wait_event, "a")
    start(wait_other, "b")
    start(wait_event, "c")
    gevent.sleep(0)
    other.set()
    event.set()
    join_all()


def ping(_):
    for n in range(1, 4):
        event.wait()
        event.clear()
        say("ping", n)
        other.set()


def pong(_):
    for n in range(1, 4):
        other.wait()
        other.clear()
        say("pong", n)
        event.set()


@program
def ping_pong():
    start(ping, "")
    start(pong, "")
    event.set()
    join_all()


def wait_then_set(name):
    wait_event(name)
    other.set()
    gevent.sleep(0)
    say(name, "again")


@program
def a_chain_of_events():
    start(wait_other, "last")
    start(wait_then_set, "first")
    gevent.sleep(0)
    event.set()
    start(speak, "bystander")
    join_all()


def get_result(name):
    attempt(name, result.get)
    say(name, "has", result.value)


@program
def a_result_is_for_all():
    start_each(get_result, "ab")
    gevent.sleep(0)
    result.set("x")
    start(get_result, "late")
    join_all()


def get_failure(name):
    try:
        result.get()
    except OSError:
        say(name, "failed")


@program
def a_failed_result_fails_all():
    start_each(get_failure, "ab")
    gevent.sleep(0)
    result.set_exception(OSError())
    get_failure("main")
    join_all()


def get_briefly(name):
    attempt(name, result.get, timeout=TICK)
    gone.set()


@program
def a_result_may_come_too_late():
    start(get_briefly, "hasty")
    start(get_result, "patient")
    attempt("at once", result.get, block=False)
    gone.wait()
    result.set("x")
    join_all()


# ---- where the order differs ----

@program
def result_set_twice():
    result.set("first")
    result.set("second")
    say(result.get())


def wait_long(name):
    attempt(name, event.wait, LONG)


def wait_tick(name):
    attempt(name, event.wait, 2 * TICK)


def sleep_and_set(name):
    gevent.sleep(TICK)
    say(name)
    event.set()


@program
def set_in_the_turn_of_the_timeout():
    start(wait_tick, "waiter")
    start(sleep_and_set, "setter")
    gevent.sleep(0)
    burn(4 * TICK)
    join_all()

# SPDX-License-Identifier: MIT
"""kills.py - killing greenlets in all that they may be doing."""
import gevent
from gevent.event import Event
from gevent.lock import Semaphore
from gevent.queue import Queue
from say import LONG, TICK, attempt, join_all, program, say, start, start_each, started

event, sem, queue = Event(), Semaphore(0), Queue()


def sleep_long(name):
    attempt(name, gevent.sleep, LONG)
    say(name, "cleans up")


def wait_event(name):
    attempt(name, event.wait)


def take(name):
    attempt(name, sem.acquire)


def get(name):
    attempt(name, queue.get)


@program
def a_sleeper_cleans_up_before_its_killer_goes_on():
    g = start(sleep_long, "sleeper")
    gevent.sleep(0)
    g.kill()
    say("killed it")


@program
def a_kill_that_does_not_wait():
    g = start(sleep_long, "sleeper")
    gevent.sleep(0)
    g.kill(block=False)
    say("told it")
    gevent.sleep(0)
    say("ready" if g.ready() else "not ready")


@program
def a_killed_waiter_leaves_the_line():
    start_each(wait_event, "abc")
    gevent.sleep(0)
    started[1].kill()
    event.set()
    join_all()


@program
def a_wait_that_was_over_is_not_undone():
    start_each(wait_event, "ab")
    gevent.sleep(0)
    event.set()
    started[0].kill(block=False)
    say("set, then killed")
    join_all()


@program
def a_kill_that_came_first_counts():
    start_each(wait_event, "ab")
    gevent.sleep(0)
    started[0].kill(block=False)
    event.set()
    say("killed, then set")
    join_all()


@program
def a_killed_waiter_does_not_take_the_permit():
    start_each(take, "abc")
    gevent.sleep(0)
    started[0].kill(block=False)
    sem.release()
    say("posted")
    gevent.sleep(0)
    sem.release()
    join_all()
    say("left", sem.counter)


@program
def a_killed_getter_does_not_take_the_item():
    start_each(get, "ab")
    gevent.sleep(0)
    started[0].kill(block=False)
    queue.put("x")
    join_all()
    say("size", queue.qsize())


@program
def items_stay_when_all_getters_are_killed():
    start_each(get, "ab")
    gevent.sleep(0)
    gevent.killall(started)
    queue.put("x")
    join_all()
    say("size", queue.qsize())


def yield_twice(name):
    attempt(name, gevent.sleep, 0)
    attempt(name, gevent.sleep, 0)


@program
def one_that_was_ready_meets_it_at_its_next_wait():
    g = start(yield_twice, "g")
    gevent.sleep(0)
    g.kill(block=False)
    join_all()


def run_on(name):
    gevent.sleep(0)
    say(name, "ends by itself")


@program
def or_never_if_it_waits_no_more():
    g = start(run_on, "g")
    gevent.sleep(0)
    g.kill(block=False)
    join_all()
    say("ended well" if g.successful() else "failed")


@program
def all_are_told_before_the_first_is_waited_for():
    start_each(sleep_long, "abc")
    gevent.sleep(0)
    gevent.killall(started)
    say("all ended")


def kill_self(name):
    gevent.getcurrent().kill(block=False)
    say(name, "goes on")
    attempt(name, gevent.sleep, TICK)
    say(name, "ends")


@program
def to_kill_oneself():
    start(kill_self, "g")
    join_all()


@program
def the_dead_cannot_be_killed():
    g = start(wait_event, "g")
    event.set()
    join_all()
    g.kill()
    say("ended well" if g.successful() else "failed")


def join_first(name):
    attempt(name, started[0].join)


@program
def a_killed_joiner_does_not_concern_the_joined():
    start(wait_event, "joined")
    start_each(join_first, "ab")
    gevent.sleep(0)
    started[1].kill()
    event.set()
    join_all()


def kill_next(name):
    say(name, "kills")
    started[1].kill(block=False)


@program
def one_may_kill_another_that_is_to_run_next():
    start(sleep_long, "other")
    start(sleep_long, "victim")
    gevent.sleep(0)
    start(kill_next, "killer")
    start(wait_event, "bystander")
    event.set()
    gevent.sleep(0)
    say("main")
    started[0].kill()
    join_all()


@program
def a_killed_one_has_ended_well():
    g = start(sleep_long, "g")
    gevent.sleep(0)
    g.kill()
    say("ready" if g.ready() else "not ready")
    say("ended well" if g.successful() else "failed")


# ---- where the order differs ----

@program
def killed_before_its_first_run():
    g = start(sleep_long, "g")
    g.kill()
    say("killed it")


@program
def killed_before_its_delay():
    g = gevent.spawn_later(LONG, sleep_long, "g")
    g.kill()
    say("killed it")


def wait_twice(name):
    attempt(name, gevent.sleep, LONG)
    attempt(name, gevent.sleep, TICK)


@program
def killed_once_and_waiting_twice():
    g = start(wait_twice, "g")
    gevent.sleep(0)
    g.kill()


@program
def unstarted_among_the_killed():
    start(sleep_long, "started")
    gevent.sleep(0)
    start(sleep_long, "unstarted")
    gevent.killall(started)
    say("all ended")

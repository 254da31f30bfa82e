# SPDX-License-Identifier: MIT
"""locks.py - semaphores, locks, conditions."""
import gevent
from gevent import monkey
from gevent.event import Event
from gevent.lock import RLock, Semaphore
from say import TICK, attempt, join_all, program, say, start, start_each

sem, gone = Semaphore(1), Event()
rlock = RLock()


def hold(name):
    attempt(name, sem.acquire)
    gevent.sleep(0)
    say(name, "gives it back")
    sem.release()


@program
def permits_are_had_in_order():
    start_each(hold, "abcd")
    join_all()


@program
def two_permits_two_at_a_time():
    sem.release()
    start_each(hold, "abcde")
    join_all()


def take(name):
    attempt(name, sem.acquire)


def take_briefly(name):
    attempt(name, sem.acquire, timeout=TICK)
    gone.set()


@program
def who_gives_up_gets_no_permit():
    sem.acquire()
    start(take_briefly, "hasty")
    start(take, "patient")
    gone.wait()
    sem.release()
    join_all()
    say("left", sem.counter)


@program
def permits_are_kept_until_wanted():
    sem.release()
    sem.release()
    start_each(take, "abcd")
    gevent.sleep(0)
    attempt("at once", sem.acquire, blocking=False)
    sem.release()
    join_all()


@program
def posts_go_to_the_longest_waiters():
    sem.acquire()
    start_each(take, "abc")
    gevent.sleep(0)
    sem.release()
    sem.release()
    say("posted twice")
    gevent.sleep(0)
    gevent.sleep(0)
    say("once more")
    sem.release()
    join_all()


def lock_twice(name):
    with rlock:
        say(name, "once")
        gevent.sleep(0)
        with rlock:
            say(name, "twice")
            gevent.sleep(0)
        say(name, "once again")
        gevent.sleep(0)
    say(name, "out")


@program
def an_rlock_lets_its_owner_in_again():
    start_each(lock_twice, "ab")
    join_all()


def lock_rlock(name):
    attempt(name, rlock.acquire)
    rlock.release()


@program
def an_rlock_is_free_after_the_last_unlock():
    rlock.acquire()
    rlock.acquire()
    start(lock_rlock, "a")
    gevent.sleep(0)
    rlock.release()
    say("unlocked once")
    gevent.sleep(0)
    rlock.release()
    say("unlocked twice")
    join_all()


def wait_cond(name):
    with cond:
        attempt(name, cond.wait)


cond = None


def make_cond():
    global cond
    monkey.patch_thread()
    from threading import Condition
    cond = Condition(RLock())


@program
def signals_wake_the_longest_waiter():
    make_cond()
    start_each(wait_cond, "abc")
    gevent.sleep(0)
    for signal in (1, 2, 3):
        with cond:
            cond.notify()
        say("signal", signal)
        gevent.sleep(TICK)
    join_all()


@program
def a_broadcast_wakes_all_in_order():
    make_cond()
    start_each(wait_cond, "abc")
    gevent.sleep(0)
    with cond:
        cond.notify_all()
        say("told")
    join_all()


@program
def a_barrier_opens_for_the_last():
    monkey.patch_thread()
    from threading import Barrier
    barrier = Barrier(3)

    def meet(name):
        say(name, "comes")
        barrier.wait()
        say("through")

    start_each(meet, "abc")
    join_all()


# ---- where the order differs ----

def take_again(name):
    for turn in (1, 2):
        sem.acquire()
        say(name, turn)
        sem.release()


@program
def permit_taken_by_its_giver():
    sem.acquire()
    start(take, "waiter")
    gevent.sleep(0)
    sem.release()
    attempt("giver", sem.acquire, blocking=False)
    sem.release()
    join_all()

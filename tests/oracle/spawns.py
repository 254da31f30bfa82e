# SPDX-License-Identifier: MIT
"""spawns.py - beginnings, turns, sleeps, ends."""
import gevent
from say import LONG, TICK, burn, join_all, program, say, start, start_each


def speak(name):
    say(name)


@program
def spawn_does_not_switch():
    start_each(speak, "abc")
    say("spawned")
    join_all()


def grow(name):
    say(name)
    if len(name) < 3:
        start(grow, name + "l")
        start(grow, name + "r")


@program
def spawning_goes_breadth_first():
    start(grow, "t")
    for _ in range(4):
        gevent.sleep(0)


def take_turns(name):
    for turn in range(1, 4):
        say(name, turn)
        gevent.sleep(0)


@program
def yield_is_round_robin():
    start_each(take_turns, "abc")
    join_all()


def spawn_another(name):
    say(name)
    start(speak, "another")
    gevent.sleep(0)
    say(name, "again")


@program
def yield_goes_behind_who_is_ready():
    start(spawn_another, "a")
    gevent.sleep(0)
    say("main")
    gevent.sleep(0)
    say("main again")
    join_all()


def sleep_ticks(ticks):
    gevent.sleep(int(ticks) * TICK)
    say("slept", ticks)


@program
def sleepers_wake_by_deadline():
    start_each(sleep_ticks, "4132")
    join_all()


spinning = True


def spin(name):
    while spinning:
        burn(TICK / 10)
        gevent.sleep(0)
    say(name)


def stop_spinning(name):
    global spinning
    gevent.sleep(TICK)
    spinning = False
    say(name)


@program
def yielding_does_not_keep_a_sleeper_asleep():
    start(spin, "spinner")
    start(stop_spinning, "sleeper")
    join_all()


@program
def delayed_ones_start_by_delay():
    gs = [gevent.spawn_later(n * TICK, speak, f"after {n}") for n in (3, 1, 2)]
    start(speak, "at once")
    gevent.joinall(gs)


@program
def raw_ones_stand_in_the_same_line():
    start(speak, "a")
    gevent.spawn_raw(speak, "raw")
    start(speak, "b")
    join_all()


@program
def end_of_main_ends_all():
    start(speak, "never")
    say("main ends")


def leave_a_child(name):
    start(speak, "child")
    say(name)


@program
def child_outlives_its_parent():
    start(leave_a_child, "parent")
    for _ in range(3):
        gevent.sleep(0)
    say("main")


def tell_self(_):
    say("it is" if gevent.getcurrent() is started_one else "it is not")


started_one = None


@program
def current_is_what_spawn_returned():
    global started_one
    started_one = start(tell_self, "x")
    join_all()


def burst(name):
    for _ in range(200):
        gevent.sleep(0)
    say(name)


@program
def those_who_sleep_for_ever_hold_nobody_up():
    gevent.spawn(gevent.sleep, LONG)
    start_each(burst, "ab")
    join_all()


# ---- where the order differs ----

@program
def equal_deadlines():
    gs = [gevent.spawn_later(TICK, speak, n) for n in range(1, 9)]
    gevent.joinall(gs)


def sleep_half(name):
    gevent.sleep(TICK / 2)
    say(name)


@program
def delay_counts_from_the_call():
    gevent.get_hub()
    burn(2 * TICK)
    delayed = gevent.spawn_later(TICK, speak, "delayed")
    start(sleep_half, "sleeper")
    gevent.joinall([delayed])
    join_all()

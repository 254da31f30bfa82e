# SPDX-License-Identifier: MIT
"""groups.py - groups, pools, and what maps over them."""
import gevent
from gevent.event import Event
from gevent.pool import Group, Pool
from say import LONG, attempt, join_all, program, say, start, start_each

group, pool, wide = Group(), Pool(2), Pool(8)
event = Event()


class Failure(OSError):
    pass


gevent.get_hub().NOT_ERROR += (Failure,)  # is not printed


def steps(name):
    """a takes four turns, b three, and so on."""
    for _ in range("edcba".index(name)):
        gevent.sleep(0)
    say(name, "ends")
    return name.upper()


killed = []


def sleep_long(name):
    """In which order members are killed gevent does not say."""
    try:
        gevent.sleep(LONG)
    except gevent.GreenletExit:
        killed.append(name)


def wait_event(name):
    attempt(name, event.wait)


def spawn_each(spawn, fn, names):
    for name in names:
        spawn(fn, name)


@program
def a_group_is_joined_when_its_last_has_ended():
    spawn_each(group.spawn, steps, "abcd")
    group.join()
    say("size", len(group))


@program
def members_leave_by_ending():
    spawn_each(group.spawn, steps, "abcd")
    for _ in range(5):
        gevent.sleep(0)
        say("size", len(group))


@program
def a_group_takes_in_who_exists():
    g = start(wait_event, "old")
    group.add(g)
    group.spawn(wait_event, "new")
    say("size", len(group))
    event.set()
    group.join()
    say("size", len(group))


@program
def a_group_is_killed():
    spawn_each(group.spawn, sleep_long, "abc")
    gevent.sleep(0)
    group.kill()
    say("killed", len(killed))
    say("size", len(group))


@program
def an_empty_group_is_joined_at_once():
    start(wait_event, "other")
    event.set()
    group.join()
    say("joined")
    join_all()


@program
def a_full_pool_holds_its_spawner_up():
    for name in "abcd":
        pool.spawn(steps, name)
        say("spawned", name)
    pool.join()


def spawn_in_pool(name):
    pool.spawn(steps, name)
    say("spawned", name)


@program
def spawners_get_room_in_order():
    start_each(spawn_in_pool, "abcde")
    join_all()
    pool.join()


@program
def a_full_pool_says_so():
    spawn_each(pool.spawn, wait_event, "ab")
    attempt("third", pool.start, gevent.Greenlet(wait_event, "c"), blocking=False)
    say("free", pool.free_count())
    event.set()
    pool.join()
    say("free", pool.free_count())


@program
def room_is_free_when_a_task_has_ended():
    spawn_each(pool.spawn, steps, "ad")
    for _ in range(4):
        say("free", pool.free_count())
        gevent.sleep(0)
    pool.join()


@program
def a_map_has_the_order_of_its_arguments():
    say(*pool.map(steps, "abcd"))


@program
def a_wide_map_ends_in_another_order():
    say(*wide.map(steps, "abcd"))


@program
def results_one_by_one_in_order():
    for result in wide.imap(steps, "abcd"):
        say("got", result)


@program
def results_one_by_one_as_they_come():
    for result in wide.imap_unordered(steps, "abcd"):
        say("got", result)


@program
def results_as_they_come_from_a_narrow_pool():
    for result in pool.imap_unordered(steps, "abcd"):
        say("got", result)


def fail_if_b(name):
    gevent.sleep(0)
    if name == "b":
        raise Failure()
    return name.upper()


@program
def a_failure_among_the_results():
    results = wide.imap(fail_if_b, "abc")
    for _ in range(4):
        try:
            say("got", next(results))
        except Failure:
            say("failed")
        except StopIteration:
            say("no more")


@program
def a_pool_is_killed():
    spawn_each(pool.spawn, sleep_long, "ab")
    gevent.sleep(0)
    pool.kill()
    say("killed", len(killed))
    say("free", pool.free_count())


@program
def who_waits_for_room_has_it_after_a_kill():
    spawn_each(pool.spawn, sleep_long, "ab")
    start(spawn_in_pool, "d")
    gevent.sleep(0)
    pool.kill()
    say("killed", len(killed))
    join_all()
    pool.join()


# ---- where the order differs ----

@program
def a_failure_in_a_map():
    def work(name):
        if name == "a":
            raise Failure()
        steps(name)

    try:
        wide.map(work, "abc")
    except Failure:
        say("map failed")
    wide.join()


def count(name):
    say(name, "begins")
    return name.upper()


@program
def a_slow_reader_of_results():
    results = wide.imap(count, "abcd", maxsize=2)
    for _ in range(4):
        for _ in range(5):
            gevent.sleep(0)
        say("got", next(results))

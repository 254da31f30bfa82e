# SPDX-License-Identifier: MIT
"""queues.py - queues of all kinds, and channels."""
import gevent
from gevent.event import Event
from gevent.queue import Channel, JoinableQueue, LifoQueue, PriorityQueue, Queue
from say import TICK, attempt, join_all, program, say, start, start_each

fifo, narrow, work = Queue(), Queue(2), JoinableQueue()
lifo, priority, channel = LifoQueue(), PriorityQueue(), Channel()
gone = Event()


def get_from(queue):
    def get(name):
        say(name, "gets", queue.get())
    return get


def put_all(queue, items):
    for item in items:
        queue.put(item)


def get_all(queue, n):
    for _ in range(n):
        say(queue.get())


@program
def what_was_put_first_comes_first():
    put_all(fifo, "abc")
    say("size", fifo.qsize())
    get_all(fifo, 3)


@program
def getters_are_served_in_order():
    start_each(get_from(fifo), "abc")
    gevent.sleep(0)
    put_all(fifo, "xyz")
    say("put")
    join_all()


def fill_narrow(name):
    for item in "wxyz":
        attempt(f"{name} puts {item}:", narrow.put, item)


@program
def a_full_queue_holds_its_putter_up():
    start(fill_narrow, "a")
    gevent.sleep(0)
    for _ in range(4):
        say("got", narrow.get())
        gevent.sleep(0)
    join_all()


def put_narrow(name):
    attempt(name, narrow.put, name)


@program
def putters_get_room_in_order():
    start_each(put_narrow, "abcde")
    gevent.sleep(0)
    for _ in range(5):
        say("got", narrow.get())
        gevent.sleep(0)
    join_all()


@program
def no_waiting_says_full_or_empty():
    for item in "abc":
        attempt(f"put {item}", narrow.put_nowait, item)
    for _ in range(3):
        attempt("get", narrow.get_nowait)


@program
def one_put_wakes_one_getter():
    start_each(get_from(fifo), "abcd")
    gevent.sleep(0)
    fifo.put("w")
    gevent.sleep(0)
    say("one")
    put_all(fifo, "xyz")
    join_all()


@program
def the_newest_comes_first_from_a_lifo():
    put_all(lifo, "abc")
    get_all(lifo, 2)
    put_all(lifo, "d")
    get_all(lifo, 2)


@program
def the_least_comes_first_from_a_priority_queue():
    put_all(priority, "cabd")
    get_all(priority, 3)
    put_all(priority, "b")
    get_all(priority, 2)


def send(name):
    say("sending", name)
    channel.put(name)
    say("sent", name)


def receive(name):
    say(name, "asks")
    say(name, "received", channel.get())


@program
def a_channel_with_the_putter_first():
    start(send, "x")
    start(receive, "r")
    join_all()


@program
def a_channel_with_the_getter_first():
    start(receive, "r")
    start(send, "x")
    join_all()


def do_work(name):
    for _ in range(2):
        say(name, "does", work.get())
        gevent.sleep(0)
        work.task_done()


@program
def join_waits_for_the_work():
    put_all(work, "wxyz")
    start_each(do_work, "ab")
    work.join()
    say("all done")


def get_briefly(name):
    attempt(name, fifo.get, timeout=TICK)
    gone.set()


@program
def who_gives_up_gets_no_item():
    start(get_briefly, "hasty")
    start(get_from(fifo), "patient")
    gone.wait()
    fifo.put("x")
    join_all()
    say("size", fifo.qsize())


def peek(name):
    say(name, "sees", fifo.peek())


@program
def who_peeks_takes_nothing():
    start(peek, "p")
    gevent.sleep(0)
    fifo.put("x")
    gevent.sleep(0)
    say("size", fifo.qsize())
    get_all(fifo, 1)
    join_all()


def shout(_):
    for _ in range(3):
        fifo.put(narrow.get().upper())


@program
def a_pipeline():
    start(shout, "")
    start(fill_narrow, "a")
    join_all()
    get_all(fifo, 3)


# ---- where the order differs ----

@program
def item_taken_before_the_waiter_runs():
    start(get_from(fifo), "waiter")
    gevent.sleep(0)
    fifo.put("x")
    attempt("putter", fifo.get_nowait)
    fifo.put("y")
    join_all()


@program
def room_taken_before_the_waiter_runs():
    put_all(narrow, "ab")
    start(put_narrow, "c")
    gevent.sleep(0)
    narrow.get()
    attempt("getter", narrow.put_nowait, "d")
    get_all(narrow, 2)
    join_all()


@program
def a_channel_with_many():
    start_each(send, "xyz")
    gevent.sleep(0)
    start_each(receive, "ab")
    start(receive, "c")
    join_all()

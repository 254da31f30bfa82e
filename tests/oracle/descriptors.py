# SPDX-License-Identifier: MIT
"""descriptors.py - pipes and sockets."""
import errno
import os
import gevent
from gevent import socket
from gevent.exceptions import ConcurrentObjectUseError
from gevent.os import make_nonblocking, nb_read, nb_write
from gevent.select import select
from gevent.socket import wait_read
from say import TICK, attempt, join_all, program, say, start, start_each, started


def pipe():
    fds = os.pipe()
    make_nonblocking(fds[0])
    make_nonblocking(fds[1])
    return fds


def read_some(name):
    say(name, "reads", nb_read(readers[name], 10).decode() or "the end")


readers = {}


@program
def a_reader_waits_for_its_writer():
    readers["r"], writer = pipe()
    start(read_some, "r")
    gevent.sleep(0)
    say("writing")
    os.write(writer, b"x")
    join_all()


@program
def the_end_of_a_pipe_wakes_its_reader():
    readers["r"], writer = pipe()
    start(read_some, "r")
    gevent.sleep(0)
    say("closing")
    os.close(writer)
    join_all()


def write_much(writer):
    data = bytes(1 << 20)
    while data:
        data = data[nb_write(writer, data):]
    os.close(writer)
    say("written")


@program
def more_than_a_pipe_holds():
    reader, writer = pipe()
    start(write_much, writer)
    total = 0
    while True:
        data = nb_read(reader, 1 << 20)
        if not data:
            break
        total += len(data)
    say("read", total)
    join_all()


@program
def a_descriptor_is_not_ready_in_time():
    reader, _ = pipe()
    attempt("wait", wait_read, reader, timeout=TICK)


@program
def a_select_of_two():
    (a, _), (b, writer) = pipe(), pipe()
    start(os.write, writer, b"x")
    ready, _, _ = select([a, b], [], [])
    say("second" if ready == [b] else "first")
    join_all()


def receive(name):
    try:
        data = sockets[0].recv(10)
        say(name, "receives", data.decode())
    except ConcurrentObjectUseError:
        say(name, "is not allowed to")
    except OSError as error:
        say(name, errno.errorcode[error.errno])


sockets = []


@program
def closed_under_its_reader():
    sockets.extend(socket.socketpair())
    start(receive, "r")
    gevent.sleep(0)
    sockets[0].close()
    say("closed")
    join_all()


def echo(_):
    while True:
        data = sockets[1].recv(10)
        if not data:
            break
        say("echoes", data.decode())
        sockets[1].sendall(data)


@program
def a_conversation():
    sockets.extend(socket.socketpair())
    start(echo, "")
    for word in ("one", "two", "three"):
        sockets[0].sendall(word.encode())
        say("hears", sockets[0].recv(10).decode())
    sockets[0].close()
    join_all()


# ---- where the order differs ----

def wait_reader(name):
    wait_read(readers[name])
    say(name)


@program
def descriptors_ready_together():
    writers = []
    for name in "abcd":
        readers[name], writer = pipe()
        writers.append(writer)
    start_each(wait_reader, "abcd")
    gevent.sleep(0)
    for writer in writers:
        os.write(writer, b"x")
    join_all()


@program
def many_at_one_descriptor():
    reader, writer = pipe()
    for name in "abc":
        readers[name] = reader
    start_each(wait_reader, "abc")
    gevent.sleep(0)
    os.write(writer, b"x")
    join_all()


@program
def two_readers_of_a_socket():
    sockets.extend(socket.socketpair())
    start_each(receive, "ab")
    gevent.sleep(0)
    sockets[1].send(b"x")
    started[0].join()
    sockets[1].send(b"y")
    started[1].join()


def look(name):
    say(name, "runs")


@program
def a_peer_that_never_stops_sending():
    reader, writer = pipe()
    os.write(writer, bytes(1000))
    start(look, "other")
    for _ in range(1000):
        nb_read(reader, 1)
    say("read all")
    join_all()

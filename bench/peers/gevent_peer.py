# SPDX-License-Identifier: MIT
"""gevent_peer QUESTION N - what the questions of bench.c and many.c cost with gevent."""
import random
import sys
import time

import gevent
from gevent import event, local, lock, queue


def yield_among(n, others):
    over = []

    def spin():
        while not over:
            gevent.sleep(0)
    all_ = [gevent.spawn(spin) for _ in range(others)]
    gevent.sleep(0)
    global begin
    begin = time.process_time_ns()  # all have begun
    for _ in range(n // (others + 1)):
        gevent.sleep(0)
    global end
    end = time.process_time_ns()
    over.append(1)
    gevent.joinall(all_)


def nothing():
    pass


def spawn(n, batch):
    for _ in range(n // batch):
        gevent.joinall([gevent.spawn(nothing) for _ in range(batch)])


def put_through(n, q):
    def take():
        for _ in range(n):
            q.get()
    taker = gevent.spawn(take)
    for i in range(n):
        q.put(i)
    taker.join()


def park(n):
    over = event.Event()
    all_ = [gevent.spawn(over.wait) for _ in range(n)]
    gevent.sleep(0)
    over.set()
    gevent.joinall(all_)


def fan_out(n):
    sum_ = 0
    for i in range((n // 10000 or 1) + 1):  # the first does not count
        over = event.Event()
        all_ = [gevent.spawn(over.wait) for _ in range(10000)]
        gevent.sleep(0)
        from_ = time.process_time_ns()
        over.set()
        gevent.joinall(all_)
        sum_ += time.process_time_ns() - from_ if i > 0 else 0
    global begin, end
    begin, end = 0, sum_ * n // (10000 * (n // 10000 or 1))


def ring(n):
    links = [queue.Channel() for _ in range(1001)]

    def pass_on(i):
        while True:
            links[i + 1].put(links[i].get())
    for i in range(1000):
        gevent.spawn(pass_on, i)
    gevent.sleep(0)
    global begin
    begin = time.process_time_ns()
    for _ in range(max(n // 1000, 1)):
        links[0].put(0)
        links[1000].get()
    global end
    end = begin + (time.process_time_ns() - begin) * n // (max(n // 1000, 1) * 1000)


def cancel(n):
    never = event.Event()
    for _ in range(n):
        g = gevent.spawn(never.wait)
        gevent.sleep(0)
        g.kill()


def local_get(n):
    l = local.local()
    l.value = 1
    for _ in range(n):
        l.value


def semaphore(n):
    to, fro = lock.Semaphore(0), lock.Semaphore(0)

    def answer():
        for _ in range(n // 2):
            to.acquire()
            fro.release()
    gevent.spawn(answer)
    for _ in range(n // 2):
        to.release()
        fro.acquire()


def mutex(n):
    m = lock.BoundedSemaphore(1)
    for _ in range(n):
        m.acquire()
        m.release()


def mutex_wait(n):
    m = lock.BoundedSemaphore(1)

    def often():
        for _ in range(n // 4):
            m.acquire()
            gevent.sleep(0)
            m.release()
    gevent.joinall([gevent.spawn(often) for _ in range(4)])


def sleeps(n):
    gevent.joinall([gevent.spawn(gevent.sleep, random.randint(1, 50) / 1000)
                    for _ in range(n)])


def memory_in_use():
    with open("/proc/self/status") as f:
        return sum(int(line.split()[1]) for line in f
                   if line.startswith(("VmRSS:", "VmPTE:"))) * 1024


def memory(n):
    before, over = memory_in_use(), event.Event()
    all_ = [gevent.spawn(over.wait) for _ in range(n)]
    gevent.sleep(0)
    print("memory", (memory_in_use() - before) / len(all_), flush=True)
    sys.exit()


QUESTIONS = {
    "yield": lambda n: yield_among(n, 1),
    "yield.1000": lambda n: yield_among(n, 999),
    "spawn": lambda n: spawn(n, 1),
    "spawn.100": lambda n: spawn(n, 100),
    "park": park,
    "event.10k": fan_out,
    "ring.1000": ring,
    "cancel": cancel,
    "local": local_get,
    "queue": lambda n: put_through(n, queue.Queue(128)),
    "channel": lambda n: put_through(n, queue.Channel()),
    "sem": semaphore,
    "mutex": mutex,
    "mutex.wait": mutex_wait,
    "sleeps": sleeps,
    "memory": memory,
}


def main():
    question, n = sys.argv[1], int(sys.argv[2])
    if question not in QUESTIONS:
        sys.exit(2)
    global begin, end
    begin, end = time.process_time_ns(), None
    QUESTIONS[question](n)
    print(question, ((end or time.process_time_ns()) - begin) / n)


main()

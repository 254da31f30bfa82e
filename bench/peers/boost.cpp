// SPDX-License-Identifier: MIT
// boost QUESTION N - what the questions of bench.c cost with Boost.Fiber and, for
// "switch", Boost.Context.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>
#include <boost/context/fiber.hpp>
#include <boost/fiber/all.hpp>

namespace fibers = boost::fibers;
using boost::this_fiber::yield;

static double cpu_now()
{
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

static double begin;

static void switches(long n)
{
    boost::context::fiber other([](boost::context::fiber &&main) {
        for (;;)
            main = std::move(main).resume();
        return std::move(main);
    });
    for (long i = 0; i < n / 2; i++)
        other = std::move(other).resume();
}

static void yield_among(long n, long others)
{
    bool over = false;
    std::vector<fibers::fiber> all;
    for (long i = 0; i < others; i++)
        all.emplace_back([&] {
            while (!over)
                yield();
        });
    yield();
    begin = cpu_now(); // all have begun
    for (long i = 0; i < n / (others + 1); i++)
        yield();
    over = true;
    for (auto &f : all)
        f.join();
}

static void spawn_many(long n, long batch)
{
    for (; n > 0; n -= batch) {
        std::vector<fibers::fiber> all;
        for (long i = 0; i < batch; i++)
            all.emplace_back([] {});
        for (auto &f : all)
            f.join();
    }
}

template <class Channel> static void put_through(Channel &c, long n)
{
    fibers::fiber taker([&] {
        long item;
        while (c.pop(item) == fibers::channel_op_status::success)
            continue;
    });
    for (long i = 0; i < n; i++)
        c.push(i);
    c.close();
    taker.join();
}

static void channel(long n)
{
    fibers::unbuffered_channel<long> c;
    put_through(c, n);
}

static void queue(long n)
{
    fibers::buffered_channel<long> c(128);
    put_through(c, n);
}

static void mutex(long n)
{
    fibers::mutex m;
    while (n-- > 0) {
        m.lock();
        m.unlock();
    }
}

static void mutex_wait(long n)
{
    fibers::mutex m;
    std::vector<fibers::fiber> all;
    for (int i = 0; i < 4; i++)
        all.emplace_back([&] {
            for (long j = 0; j < n / 4; j++) {
                m.lock();
                yield();
                m.unlock();
            }
        });
    for (auto &f : all)
        f.join();
}

static bool ask(const char *question, long n)
{
    auto is = [&](const char *name) { return strcmp(question, name) == 0; };
    if (is("switch"))
        switches(n);
    else if (is("yield"))
        yield_among(n, 1);
    else if (is("yield.1000"))
        yield_among(n, 999);
    else if (is("yield.100k"))
        yield_among(n, 99999);
    else if (is("spawn"))
        spawn_many(n, 1);
    else if (is("spawn.100"))
        spawn_many(n, 100);
    else if (is("queue"))
        queue(n);
    else if (is("channel"))
        channel(n);
    else if (is("mutex"))
        mutex(n);
    else if (is("mutex.wait"))
        mutex_wait(n);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    long n = atol(argv[2]);
    begin = cpu_now();
    if (!ask(argv[1], n))
        return 2;
    printf("%s %.2f\n", argv[1], (cpu_now() - begin) / static_cast<double>(n));
}

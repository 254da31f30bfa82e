// SPDX-License-Identifier: MIT
// boost QUESTION N - what the questions of bench.c cost with Boost.Fiber and, for
// "switch", Boost.Context.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <unistd.h>
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

static double begin, end; // the end, if it is not when the question returns

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

// ---- a ring of chains, as in chain.c ----

#define APART __attribute__((noinline))

static boost::context::fiber ring[1000];
static long members, at;

APART static void level_4()
{
    at = at + 1 == members ? 0 : at + 1;
    boost::context::fiber left = std::move(ring[at]).resume();
    ring[at == 0 ? members - 1 : at - 1] = std::move(left);
}

APART static void level_3()
{
    level_4();
    __asm__ volatile("");
}

APART static void level_2()
{
    level_3();
    __asm__ volatile("");
}

APART static void level_1()
{
    level_2();
    __asm__ volatile("");
}

static void chain(long n, long among)
{
    members = among;
    for (long i = 1; i < among; i++)
        ring[i] = boost::context::fiber([i](boost::context::fiber &&left) {
            ring[i - 1] = std::move(left);
            for (;;)
                level_1();
            return boost::context::fiber();
        });
    for (int i = 0; i < 10; i++)
        level_1();
    begin = cpu_now();
    for (long i = 0; i < n / among; i++)
        level_1();
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
    end = cpu_now();
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

static void park(long n)
{
    fibers::mutex m;
    fibers::condition_variable event;
    bool set = false;
    std::vector<fibers::fiber> all;
    for (long i = 0; i < n; i++)
        all.emplace_back([&] {
            std::unique_lock<fibers::mutex> lock(m);
            event.wait(lock, [&] { return set; });
        });
    yield();
    set = true;
    event.notify_all();
    for (auto &f : all)
        f.join();
}

static void event(long n)
{
    double sum = 0;
    for (long left = n + 10000; left > 0; left -= 10000) {
        fibers::mutex m;
        fibers::condition_variable event;
        bool set = false;
        std::vector<fibers::fiber> all;
        for (long i = 0; i < 10000; i++)
            all.emplace_back([&] {
                std::unique_lock<fibers::mutex> lock(m);
                event.wait(lock, [&] { return set; });
            });
        yield();
        double from = cpu_now();
        set = true;
        event.notify_all();
        yield();
        sum += left > n ? 0 : cpu_now() - from;
        for (auto &f : all)
            f.join();
    }
    begin = 0;
    end = sum;
}

static void around(long n)
{
    std::vector<std::unique_ptr<fibers::unbuffered_channel<long>>> links;
    std::vector<fibers::fiber> all;
    for (int i = 0; i <= 1000; i++)
        links.emplace_back(new fibers::unbuffered_channel<long>);
    for (int i = 0; i < 1000; i++)
        all.emplace_back([&links, i] {
            long item;
            while (links[i]->pop(item) == fibers::channel_op_status::success)
                links[i + 1]->push(item);
        });
    yield();
    begin = cpu_now();
    long item = 0;
    for (; n > 0; n -= 1000) {
        links[0]->push(item);
        links[1000]->pop(item);
    }
    end = cpu_now();
    for (auto &l : links)
        l->close();
    for (auto &f : all)
        f.join();
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
    else if (is("chain.10"))
        chain(n, 10);
    else if (is("chain.1000"))
        chain(n, 1000);
    else if (is("park"))
        park(n);
    else if (is("event.10k"))
        event(n);
    else if (is("ring.1000"))
        around(n);
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
    if (end == 0)
        end = cpu_now();
    printf("%s %.2f\n", argv[1], (end - begin) / static_cast<double>(n));
    fflush(stdout);
    _exit(0);
}

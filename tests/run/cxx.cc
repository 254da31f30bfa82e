// SPDX-License-Identifier: MIT
// cxx.cc - says what C++20's threads do; see test_green_run.sh.
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <future>
#include <iostream>
#include <latch>
#include <mutex>
#include <numeric>
#include <semaphore>
#include <shared_mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

static std::atomic<int> made{0}, destroyed{0};

struct counted {
    int value = 0;
    counted() { made++; }
    ~counted() { destroyed++; }
};

static thread_local counted own;

static void locals()
{
    std::vector<std::jthread> threads;

    for (int i = 0; i < 20; i++)
        threads.emplace_back([] {
            own.value++;
            std::this_thread::sleep_for(1ms);
            own.value++;
        });
    threads.clear();
    std::cout << "thread_local made " << made << ", destroyed " << destroyed << "\n";
}

// An exception is alive, and caught again, while others run and throw theirs.
static int thrown(int i)
{
    try {
        throw std::runtime_error(std::to_string(i));
    } catch (...) {
        std::this_thread::sleep_for(1ms);
        try {
            throw;
        } catch (const std::exception &e) {
            std::this_thread::yield();
            return std::stoi(e.what()) == i && std::uncaught_exceptions() == 0;
        }
    }
}

static void exceptions()
{
    std::vector<std::future<int>> all;
    int right = 0;

    for (int i = 0; i < 50; i++)
        all.push_back(std::async(std::launch::async, thrown, i));
    for (auto &f : all)
        right += f.get();
    std::cout << "exceptions right " << right << "\n";
    auto failing = std::async(std::launch::async,
                              []() -> int { throw std::logic_error("from a thread"); });
    try {
        failing.get();
    } catch (const std::logic_error &e) {
        std::cout << "got " << e.what() << "\n";
    }
}

static void objects()
{
    std::counting_semaphore<3> permits(3);
    std::latch started(10);
    std::once_flag once;
    std::shared_mutex mutex;
    std::atomic<int> times{0}, inside{0}, most{0}, flag{0};
    std::barrier gate(10, [&]() noexcept { times += 100; });
    std::vector<std::jthread> threads;

    for (int i = 0; i < 10; i++)
        threads.emplace_back([&] {
            started.arrive_and_wait();
            std::call_once(once, [&] { times++; });
            permits.acquire();
            int n = ++inside, m = most;
            while (m < n && !most.compare_exchange_weak(m, n)) {}
            std::this_thread::sleep_for(1ms);
            inside--;
            permits.release();
            gate.arrive_and_wait();
            flag.wait(0);
            std::unique_lock lock(mutex);
            times++;
        });
    flag = 1;
    flag.notify_all();
    threads.clear();
    std::cout << "times " << times << ", at most 3 inside: " << (most <= 3) << "\n";
}

static void stopping()
{
    std::mutex mutex;
    std::condition_variable_any changed;
    std::atomic<bool> stopped{false};
    {
        std::jthread waiter([&](std::stop_token token) {
            std::unique_lock lock(mutex);
            changed.wait(lock, token, [] { return false; });
            stopped = true;
        });
        std::this_thread::sleep_for(5ms);
    }
    std::cout << "stopped " << stopped << "\n";
}

int main()
{
    locals();
    exceptions();
    objects();
    stopping();
}

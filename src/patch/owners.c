/* SPDX-License-Identifier: MIT */
/* owners.c - layer 8: who holds a lock.
 *
 * libc knows the owner of a lock by the kernel's number of his thread, which is kept
 * here.  Before the first patch all greenlets of a thread are one owner, as they
 * are to libc; from then on for good each is another. */
#include "locks.h"
#include <sys/syscall.h>

static atomic_bool are_greenlets;
static _Thread_local int thread __attribute__((tls_model("initial-exec")));

static __attribute__((noinline)) int ask(void)
{
    thread = (int)green__call(SYS_gettid, 0, 0, 0, 0, 0, 0);
    return thread;
}

int green__owner_thread(void)
{
    return thread ? thread : ask();
}

bool green__owners_are_greenlets(void)
{
    return atomic_load_explicit(&are_greenlets, memory_order_relaxed);
}

void green__locks_patch(void)
{
    green__callers_prepare();
    atomic_store(&are_greenlets, true);
}

static void begin_child(void)
{
    thread = 0;
}

static void __attribute__((constructor)) watch_forks(void)
{
    pthread_atfork(NULL, NULL, begin_child);
}

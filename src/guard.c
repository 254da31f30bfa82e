/* SPDX-License-Identifier: MIT */
/* guard.c - layer 1: pages below a stack that nobody can touch.
 *
 * Linux can mark pages as guards since 6.13: a bit in the page table, so that a
 * million guards leave a million stacks in one mapping.  Elsewhere a guard is a
 * mapping of its own, and splits the one it is made in: two of the some 65,000
 * that a process may have.  The program needs mappings too, for its memory and
 * its threads, so half of them are left to it.
 *
 * Invariant: mprotected = guards made by mprotect in this process. */
#include "guard.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>
#include "switch.h"
#include "sys.h"

enum {
    ADVICE_GUARD = 102, /* MADV_GUARD_INSTALL, which older headers lack */
    PAGES = 16,
    MPROTECT_GUARDS = 16384,
    VALGRIND_GUARDS = 4096 /* it can tell some 30,000 mappings apart */
};

static atomic_uint mprotected;

size_t green__page(void)
{
    static atomic_size_t known;
    size_t n = atomic_load_explicit(&known, memory_order_relaxed);

    if (n == 0) {
        n = (size_t)green__sys.sysconf(_SC_PAGESIZE);
        atomic_store_explicit(&known, n, memory_order_relaxed);
    }
    return n;
}

size_t green__guard_size(void)
{
    return PAGES * green__page();
}

uint64_t green__advise(const struct iovec *ranges, unsigned n, int advice)
{
    uint64_t failed = 0;
    size_t total = 0;
    ssize_t done;
    unsigned i;

    for (i = 0; i < n; i++)
        total += ranges[i].iov_len;
    done = green__sys.madvise_many(ranges, n, advice);
    for (i = 0; (done < 0 || (size_t)done < total) && i < n; i++)
        if (green__sys.madvise(ranges[i].iov_base, ranges[i].iov_len, advice))
            failed |= (uint64_t)1 << i;
    return failed;
}

/* Some emulators accept the advice and do nothing, so look whether the kernel
 * itself stumbles over a guard: EFAULT, while a page of zeroes is the empty
 * path, ENOENT. */
static bool probe(void)
{
    char *scratch = green__sys.mmap(NULL, green__page(), PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool works;

    if (scratch == MAP_FAILED)
        return false;
    works = green__sys.madvise(scratch, green__page(), ADVICE_GUARD) == 0 &&
            green__sys.access(scratch, F_OK) != 0 && errno == EFAULT;
    green__sys.munmap(scratch, green__page());
    return works;
}

/* Valgrind knows nothing of guards by advice, and would stumble over them. */
static bool can_advise(void)
{
    static atomic_int known; /* 0: not tried, 1: no, 2: yes */
    int answer = atomic_load_explicit(&known, memory_order_relaxed);

    if (answer == 0) {
        answer = !green__on_valgrind() && probe() ? 2 : 1;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == 2;
}

static bool protect(void *guard)
{
    const unsigned most =
        green__on_valgrind() ? VALGRIND_GUARDS : MPROTECT_GUARDS;

    if (atomic_fetch_add(&mprotected, 1) < most &&
        green__sys.mprotect(guard, green__guard_size(), PROT_NONE) == 0)
        return true;
    atomic_fetch_sub(&mprotected, 1);
    return false;
}

/* The advice is refused for memory that is locked, where mprotect is not. */
uint64_t green__guard(const struct iovec *guards, unsigned n,
                      unsigned *mappings)
{
    uint64_t failed = UINT64_MAX >> (64 - n);
    unsigned i;

    if (can_advise())
        failed = green__advise(guards, n, ADVICE_GUARD);
    for (i = 0; i < n; i++)
        if (failed >> i & 1 && protect(guards[i].iov_base)) {
            failed &= ~((uint64_t)1 << i);
            ++*mappings;
        }
    return failed;
}

void green__guards_gone(unsigned mappings)
{
    atomic_fetch_sub(&mprotected, mappings);
}

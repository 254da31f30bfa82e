/* SPDX-License-Identifier: MIT */
/* libc_locks.c - layer 8: libc's own locks, for what is not ordinary. */
#include <dlfcn.h>
#include <string.h>
#include "locks.h"

static struct libc_locks own;

/* A pointer to a function, of a pointer to anything: ISO C has no cast for it. */
static void find(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(function, &found, sizeof found);
}

/* On x86-64 there are older ones of other objects, which dlsym may find. */
static void find_cond(void *function, const char *name)
{
    void *found = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");

    if (found)
        memcpy(function, &found, sizeof found);
    else
        find(function, name);
}

static void __attribute__((constructor)) find_all(void)
{
    if (own.sem_post)
        return;
    find(&own.mutex_lock, "pthread_mutex_lock");
    find(&own.mutex_trylock, "pthread_mutex_trylock");
    find(&own.mutex_clocklock, "pthread_mutex_clocklock");
    find(&own.mutex_unlock, "pthread_mutex_unlock");
    find_cond(&own.cond_wait, "pthread_cond_wait");
    find_cond(&own.cond_timedwait, "pthread_cond_timedwait");
    find(&own.cond_clockwait, "pthread_cond_clockwait");
    find_cond(&own.cond_signal, "pthread_cond_signal");
    find_cond(&own.cond_broadcast, "pthread_cond_broadcast");
    find(&own.rwlock_rdlock, "pthread_rwlock_rdlock");
    find(&own.rwlock_wrlock, "pthread_rwlock_wrlock");
    find(&own.rwlock_tryrdlock, "pthread_rwlock_tryrdlock");
    find(&own.rwlock_trywrlock, "pthread_rwlock_trywrlock");
    find(&own.rwlock_clockrdlock, "pthread_rwlock_clockrdlock");
    find(&own.rwlock_clockwrlock, "pthread_rwlock_clockwrlock");
    find(&own.rwlock_unlock, "pthread_rwlock_unlock");
    find(&own.barrier_wait, "pthread_barrier_wait");
    find(&own.sem_wait, "sem_wait");
    find(&own.sem_clockwait, "sem_clockwait");
    find(&own.sem_post, "sem_post");
}

/* Other constructors may come before ours. */
const struct libc_locks *green__libc_locks(void)
{
    find_all();
    return &own;
}

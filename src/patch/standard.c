/* SPDX-License-Identifier: MIT */
/* standard.c - layer 8: the locks of C11, which libc makes of those of POSIX. */
#include <threads.h>
#include "locks.h"

static int result_of(int error)
{
    if (error == 0)
        return thrd_success;
    if (error == EBUSY)
        return thrd_busy;
    if (error == ETIMEDOUT)
        return thrd_timedout;
    return error == ENOMEM ? thrd_nomem : thrd_error;
}

HOOK(pthread_mutex_trylock, int, posix_trylock, (pthread_mutex_t * m));
HOOK(pthread_mutex_timedlock, int, posix_timedlock,
     (pthread_mutex_t * m, const struct timespec *at));
HOOK(pthread_cond_wait, int, posix_wait,
     (pthread_cond_t * c, pthread_mutex_t *m));
HOOK(pthread_cond_timedwait, int, posix_timedwait,
     (pthread_cond_t * c, pthread_mutex_t *m, const struct timespec *at));
HOOK(pthread_cond_signal, int, posix_signal, (pthread_cond_t * c));
HOOK(pthread_cond_broadcast, int, posix_broadcast, (pthread_cond_t * c));

HOOK(mtx_lock, int, hook_mtx_lock, (pthread_mutex_t * m));
int hook_mtx_lock(pthread_mutex_t *m)
{
    return result_of(green__mutex_lock(m, __builtin_return_address(0)));
}

HOOK(mtx_trylock, int, hook_mtx_trylock, (pthread_mutex_t * m));
int hook_mtx_trylock(pthread_mutex_t *m)
{
    return result_of(posix_trylock(m));
}

HOOK(mtx_timedlock, int, hook_mtx_timedlock,
     (pthread_mutex_t * m, const struct timespec *at));
int hook_mtx_timedlock(pthread_mutex_t *m, const struct timespec *at)
{
    return result_of(posix_timedlock(m, at));
}

HOOK(mtx_unlock, int, hook_mtx_unlock, (pthread_mutex_t * m));
int hook_mtx_unlock(pthread_mutex_t *m)
{
    return result_of(green__mutex_unlock(m));
}

HOOK(cnd_wait, int, hook_cnd_wait, (pthread_cond_t * c, pthread_mutex_t *m));
int hook_cnd_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    return result_of(posix_wait(c, m));
}

HOOK(cnd_timedwait, int, hook_cnd_timedwait,
     (pthread_cond_t * c, pthread_mutex_t *m, const struct timespec *at));
int hook_cnd_timedwait(pthread_cond_t *c, pthread_mutex_t *m,
                       const struct timespec *at)
{
    return result_of(posix_timedwait(c, m, at));
}

HOOK(cnd_signal, int, hook_cnd_signal, (pthread_cond_t * c));
int hook_cnd_signal(pthread_cond_t *c)
{
    return result_of(posix_signal(c));
}

HOOK(cnd_broadcast, int, hook_cnd_broadcast, (pthread_cond_t * c));
int hook_cnd_broadcast(pthread_cond_t *c)
{
    return result_of(posix_broadcast(c));
}

/* SPDX-License-Identifier: MIT */
/* locks.h - layer 8: libc's locks, as greenlets and threads have them here.
 *
 * From the start of the program, patched or not, all waiting for an ordinary mutex,
 * condition, rwlock, barrier or once is done here, by threads too; being patched
 * decides only whether a greenlet waits, or its thread does.  So it does not matter
 * when an object was made, locked, or waited for.  What libc needs to know of an
 * object (its kind, its clock, whether processes share it) stays where libc has it.
 *
 * Robust, priority-inheriting, priority-protected and shared objects are libc's. */
#ifndef GREEN_LOCKS_H
#define GREEN_LOCKS_H

#include <pthread.h>
#include <semaphore.h>
#include "lot.h"

/* libc's own. */
struct libc_locks {
    int (*mutex_lock)(pthread_mutex_t *m);
    int (*mutex_trylock)(pthread_mutex_t *m);
    int (*mutex_clocklock)(pthread_mutex_t *m, clockid_t clock,
                           const struct timespec *at);
    int (*mutex_unlock)(pthread_mutex_t *m);
    int (*cond_wait)(pthread_cond_t *c, pthread_mutex_t *m);
    int (*cond_timedwait)(pthread_cond_t *c, pthread_mutex_t *m,
                          const struct timespec *at);
    int (*cond_clockwait)(pthread_cond_t *c, pthread_mutex_t *m,
                          clockid_t clock, const struct timespec *at);
    int (*cond_signal)(pthread_cond_t *c);
    int (*cond_broadcast)(pthread_cond_t *c);
    int (*rwlock_clockrdlock)(pthread_rwlock_t *l, clockid_t clock,
                              const struct timespec *at);
    int (*rwlock_clockwrlock)(pthread_rwlock_t *l, clockid_t clock,
                              const struct timespec *at);
    int (*rwlock_rdlock)(pthread_rwlock_t *l);
    int (*rwlock_wrlock)(pthread_rwlock_t *l);
    int (*rwlock_tryrdlock)(pthread_rwlock_t *l);
    int (*rwlock_trywrlock)(pthread_rwlock_t *l);
    int (*rwlock_unlock)(pthread_rwlock_t *l);
    int (*barrier_wait)(pthread_barrier_t *b);
    int (*sem_wait)(sem_t *s);
    int (*sem_clockwait)(sem_t *s, clockid_t clock, const struct timespec *at);
    int (*sem_post)(sem_t *s);
};

const struct libc_locks *green__libc_locks(void);

/* From now on each greenlet is an owner of its own. */
void green__locks_patch(void) __attribute__((weak));

/* Who runs, as an owner of locks: its thread, and which greenlet of that. */
int green__owner_thread(void);
bool green__owners_are_greenlets(void);

/* For waits that give a mutex back meanwhile. */
int green__mutex_lock(pthread_mutex_t *m, const void *caller);
int green__mutex_unlock(pthread_mutex_t *m);

#endif

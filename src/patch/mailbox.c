/* SPDX-License-Identifier: MIT */
/* mailbox.c - layer 8: System V message queues and semaphores.
 *
 * They have no descriptor, so they are tried again and again. */
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include "patch.h"
#include "span.h"

struct trial {
    long number, id, what, n, type, flags, would_wait;
};

static long try_message(void *what)
{
    const struct trial *t = what;
    long flags = t->flags | IPC_NOWAIT, r;

    if (t->number == SYS_msgsnd)
        r = green__call(SYS_msgsnd, t->id, t->what, t->n, flags, 0, 0);
    else
        r = green__call(SYS_msgrcv, t->id, t->what, t->n, t->type, flags, 0);
    return r == t->would_wait ? -EAGAIN : r;
}

HOOK(msgsnd, int, hook_msgsnd,
     (int id, const void *message, size_t n, int flags));
int hook_msgsnd(int id, const void *message, size_t n, int flags)
{
    struct trial t = {SYS_msgsnd, id,    (long)message, (long)n,
                      0,          flags, -EAGAIN};

    if ((flags & IPC_NOWAIT) || !green__patched(GREEN_PATCH_PROCESS))
        return (int)call_result(
            green__call(SYS_msgsnd, id, (long)message, (long)n, flags, 0, 0));
    return (int)call_result(green__insist(try_message, &t, GREEN_FOREVER));
}

HOOK(msgrcv, ssize_t, hook_msgrcv,
     (int id, void *message, size_t n, long type, int flags));
ssize_t hook_msgrcv(int id, void *message, size_t n, long type, int flags)
{
    struct trial t = {SYS_msgrcv, id,    (long)message, (long)n,
                      type,       flags, -ENOMSG};

    if ((flags & IPC_NOWAIT) || !green__patched(GREEN_PATCH_PROCESS))
        return call_result(green__call(SYS_msgrcv, id, (long)message, (long)n,
                                       type, flags, 0));
    return call_result(green__insist(try_message, &t, GREEN_FOREVER));
}

/* ---- semaphores ---- */

/* With no time at all the kernel says EAGAIN if it would wait. */
static long try_semaphores(void *what)
{
    const struct trial *t = what;
    struct timespec none = {0, 0};

    return green__call(SYS_semtimedop, t->id, t->what, t->n, (long)&none, 0, 0);
}

/* If one must not wait, EAGAIN may be its answer, and nobody could tell. */
static bool all_wait(const struct sembuf *operations, size_t n)
{
    if (n > 500 || !green__readable(operations, n * sizeof *operations))
        return false;
    while (n-- > 0)
        if (operations++->sem_flg & IPC_NOWAIT)
            return false;
    return true;
}

HOOK(semtimedop, int, hook_semtimedop,
     (int id, struct sembuf *operations, size_t n, const struct timespec *t));
int hook_semtimedop(int id, struct sembuf *operations, size_t n,
                    const struct timespec *t)
{
    struct trial trial = {.id = id, .what = (long)operations, .n = (long)n};
    int64_t span;

    if (!green__patched(GREEN_PATCH_PROCESS) || !load_span(&span, t) ||
        !all_wait(operations, n))
        return (int)call_result(green__call(
            SYS_semtimedop, id, (long)operations, (long)n, (long)t, 0, 0));
    return (int)call_result(
        green__insist(try_semaphores, &trial, end_of(span)));
}

HOOK(semop, int, hook_semop, (int id, struct sembuf *operations, size_t n));
int hook_semop(int id, struct sembuf *operations, size_t n)
{
    return hook_semtimedop(id, operations, n, NULL);
}

/* SPDX-License-Identifier: MIT */
/* letters.c - layer 8: POSIX message queues.
 *
 * A queue is a descriptor.  With a time that is over the kernel's call does what it
 * can at once, and says ETIMEDOUT if it would wait. */
#include <sys/syscall.h>
#include <time.h>
#include "patch.h"
#include "span.h"

struct letter {
    struct attempt attempt; /* first */
    const void *text;
    size_t n;
    long priority; /* to receive: where to tell it */
};

static long letter_once(struct attempt *a)
{
    const struct letter *l = (const struct letter *)a;
    struct timespec over = {0, 0};
    bool reads = a->events == GREEN_READ;
    long r =
        green__call(reads ? SYS_mq_timedreceive : SYS_mq_timedsend, a->fd,
                    (long)l->text, (long)l->n, l->priority, (long)&over, 0);

    return r == -ETIMEDOUT ? -EAGAIN : r;
}

/* The time is one of the day's clock. */
static int64_t end_by_the_day(int64_t end)
{
    struct timespec now;

    if (end == GREEN_FOREVER || clock_gettime(CLOCK_REALTIME, &now) != 0)
        return GREEN_FOREVER;
    end -= span_of(&now);
    return end > 0 ? end_of(end) : 1;
}

static long post(struct letter *l, const struct timespec *until)
{
    bool reads = l->attempt.events == GREEN_READ;
    int64_t end;
    long r;

    if (!green__patched(GREEN_PATCH_FILE) || !load_span(&end, until))
        return green__call(reads ? SYS_mq_timedreceive : SYS_mq_timedsend,
                           l->attempt.fd, (long)l->text, (long)l->n,
                           l->priority, (long)until, 0);
    l->attempt.once = letter_once;
    l->attempt.deadline = end_by_the_day(end);
    r = green__attempt(&l->attempt);
    return r == -EAGAIN && green__waits(l->attempt.fd) ? -ETIMEDOUT : r;
}

HOOK(mq_timedsend, int, hook_mq_timedsend,
     (int queue, const char *text, size_t n, unsigned priority,
      const struct timespec *until));
int hook_mq_timedsend(int queue, const char *text, size_t n, unsigned priority,
                      const struct timespec *until)
{
    struct letter l = {{.fd = queue, .events = GREEN_WRITE}, text, n, priority};

    return (int)call_result(post(&l, until));
}

HOOK(mq_send, int, hook_mq_send,
     (int queue, const char *text, size_t n, unsigned priority));
int hook_mq_send(int queue, const char *text, size_t n, unsigned priority)
{
    return hook_mq_timedsend(queue, text, n, priority, NULL);
}

HOOK(mq_timedreceive, ssize_t, hook_mq_timedreceive,
     (int queue, char *text, size_t n, unsigned *priority,
      const struct timespec *until));
ssize_t hook_mq_timedreceive(int queue, char *text, size_t n,
                             unsigned *priority, const struct timespec *until)
{
    struct letter l = {
        {.fd = queue, .events = GREEN_READ}, text, n, (long)priority};

    return call_result(post(&l, until));
}

HOOK(mq_receive, ssize_t, hook_mq_receive,
     (int queue, char *text, size_t n, unsigned *priority));
ssize_t hook_mq_receive(int queue, char *text, size_t n, unsigned *priority)
{
    return hook_mq_timedreceive(queue, text, n, priority, NULL);
}

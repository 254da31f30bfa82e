/* SPDX-License-Identifier: MIT */
/* selection.c - layer 8: select and pselect, of sets of any size.
 *
 * As in multiplex.c, the kernel gives the answer; the sets become an array for
 * green_poll only while the greenlet waits. */
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include "interruption.h"
#include "patch.h"
#include "span.h"

enum { AT_HAND = 64, WORD = 8 * sizeof(long) };

struct sets {
    int n;
    long *in[3]; /* to read, to write, exceptional; or NULL */
    const void *mask;
};

/* The kernel's call takes the mask with its size. */
struct sized_mask {
    const void *mask;
    size_t size;
};

static const short meanings[3] = {POLLIN, POLLOUT, POLLPRI};

static bool is_in(const long *set, int fd)
{
    return set &&
           ((unsigned long)set[(size_t)fd / WORD] >> ((size_t)fd % WORD)) & 1;
}

static short wanted(const struct sets *s, int fd)
{
    short events = 0;

    for (int i = 0; i < 3; i++)
        if (is_in(s->in[i], fd))
            events = (short)(events | meanings[i]);
    return events;
}

static size_t count_wanted(const struct sets *s)
{
    size_t n = 0;

    for (int fd = 0; fd < s->n; fd++)
        n += wanted(s, fd) != 0;
    return n;
}

static void list_wanted(const struct sets *s, struct pollfd *fds)
{
    for (int fd = 0; fd < s->n; fd++)
        if (wanted(s, fd))
            *fds++ = (struct pollfd){.fd = fd, .events = wanted(s, fd)};
}

/* Wait for one of them: 0, or -errno of a kill or a scope. */
static long wait_for_sets(const struct sets *s, size_t n, int64_t left,
                          struct interruption *i)
{
    struct pollfd at_hand[AT_HAND], *fds = at_hand;
    size_t size = n * sizeof *fds;
    long r;

    if (n > AT_HAND)
        fds = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fds == MAP_FAILED)
        return -ENOMEM;
    list_wanted(s, fds);
    r = green__interruption_wait(i, fds, n, left);
    if (fds != at_hand)
        munmap(fds, size);
    return r;
}

/* ---- the sets survive a look that finds nothing ---- */

struct copies {
    long words[3][1024 / WORD];
};

static size_t set_size(int n)
{
    return ((size_t)n + WORD - 1) / WORD * sizeof(long);
}

/* The kernel clears the sets when nothing is ready, so it looks at copies. */
static long look_at(const struct sets *s, long *copies)
{
    struct sized_mask m = {s->mask, MASK_SIZE};
    struct timespec none = {0, 0};
    size_t size = set_size(s->n);
    long *sets[3], r;

    for (int i = 0; i < 3; i++) {
        sets[i] = s->in[i] ? copies + (size_t)i * size / sizeof *copies : NULL;
        if (s->in[i])
            memcpy(sets[i], s->in[i], size);
    }
    r = green__call(SYS_pselect6, s->n, (long)sets[0], (long)sets[1],
                    (long)sets[2], (long)&none, (long)&m);
    for (int i = 0; i < 3 && r > 0; i++)
        if (s->in[i])
            memcpy(s->in[i], sets[i], size);
    return r;
}

static bool are_readable(const struct sets *s)
{
    for (int i = 0; i < 3; i++)
        if (s->in[i] && !green__readable(s->in[i], set_size(s->n)))
            return false;
    return true;
}

static void clear_sets(const struct sets *s)
{
    for (int i = 0; i < 3; i++)
        if (s->in[i])
            memset(s->in[i], 0, set_size(s->n));
}

static long select_waiting(const struct sets *s, long *copies, int64_t *left)
{
    size_t n = count_wanted(s);
    int64_t end = end_of(*left);
    struct interruption i;
    long r = green__interruption_begin(&i, s->mask ? ALWAYS : IF_FIRST,
                                       green__let_in(s->mask));

    if (r != 0)
        return r;
    do {
        r = wait_for_sets(s, n, *left, &i);
        *left = left_until(end);
        if (r != 0)
            break;
        r = look_at(s, copies);
        if (r == 0 && i.hit)
            r = -EINTR;
    } while (r == 0 && *left > 0);
    green__interruption_end(&i);
    return r;
}

static long select_with(const struct sets *s, long *copies, int64_t timeout,
                        int64_t *left)
{
    long r;

    *left = timeout;
    if (green_checkpoint() != 0)
        return -errno;
    r = look_at(s, copies);
    if (r == 0 && timeout > 0)
        r = select_waiting(s, copies, left);
    if (r == 0)
        clear_sets(s);
    return r;
}

static long select_patched(const struct sets *s, int64_t timeout, int64_t *left)
{
    struct copies at_hand;
    size_t size = 3 * set_size(s->n);
    long *copies = at_hand.words[0], r;

    if (!are_readable(s))
        return -EFAULT;
    if (size > sizeof at_hand)
        copies = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copies == MAP_FAILED)
        return -ENOMEM;
    r = select_with(s, copies, timeout, left);
    if (copies != at_hand.words[0])
        munmap(copies, size);
    return r;
}

/* ---- hooks ---- */

static bool load_timeval(int64_t *span, const struct timeval *from)
{
    struct timeval t;

    *span = GREEN_FOREVER;
    if (!from)
        return true;
    if (!green__load(&t, from, sizeof t) || t.tv_sec < 0 || t.tv_usec < 0)
        return false;
    *span = span_of(&(struct timespec){t.tv_sec + t.tv_usec / 1000000,
                                       t.tv_usec % 1000000 * 1000});
    return true;
}

static int select_keeping_errno(const struct sets *s, int64_t span,
                                int64_t *left)
{
    int saved_errno = errno;
    long r = select_patched(s, span, left);

    errno = saved_errno;
    return (int)call_result(r);
}

/* Linux tells what was left of the time, unless that cannot be written to. */
static void store_left(struct timeval *t, int64_t left)
{
    struct timespec s = timespec_of(left);
    struct timeval v = {s.tv_sec, s.tv_nsec / 1000};

    if (t && left != GREEN_FOREVER)
        green__store(t, &v, sizeof v);
}

static int select_plainly(const struct sets *s, struct timeval *t)
{
    struct timespec copy = {-1, 0};
    struct timeval given;
    int saved_errno = errno;
    int64_t span;
    long r;

    if (t && !green__load(&given, t, sizeof given)) {
        errno = EFAULT;
        return -1;
    }
    if (load_timeval(&span, t))
        copy = timespec_of(span);
    r = green__call(SYS_pselect6, s->n, (long)s->in[0], (long)s->in[1],
                    (long)s->in[2], (long)(t ? &copy : NULL), 0);
    if (r >= 0)
        store_left(t, span_of(&copy));
    errno = saved_errno;
    return (int)call_result(r);
}

HOOK(select, int, hook_select,
     (int n, fd_set *in, fd_set *out, fd_set *odd, struct timeval *t));
int hook_select(int n, fd_set *in, fd_set *out, fd_set *odd, struct timeval *t)
{
    struct sets s = {n, {(void *)in, (void *)out, (void *)odd}, NULL};

    int64_t span, left;
    int r;

    if (n < 0 || !green__patched(GREEN_PATCH_POLL) || !load_timeval(&span, t))
        return select_plainly(&s, t);
    left = span;
    r = select_keeping_errno(&s, span, &left);
    store_left(t, left);
    return r;
}
HOOK_ALIAS(__select, int, hook_select_2,
           (int n, fd_set *in, fd_set *out, fd_set *odd, struct timeval *t),
           select);

HOOK(pselect, int, hook_pselect,
     (int n, fd_set *in, fd_set *out, fd_set *odd, const struct timespec *t,
      const void *mask));
int hook_pselect(int n, fd_set *in, fd_set *out, fd_set *odd,
                 const struct timespec *t, const void *mask)
{
    struct sets s = {n, {(void *)in, (void *)out, (void *)odd}, mask};
    struct sized_mask m = {mask, MASK_SIZE};
    struct timespec copy;
    int64_t span, left;

    if (n >= 0 && green__patched(GREEN_PATCH_POLL) &&
        (!mask || green__patched(GREEN_PATCH_SIGNAL)) && load_span(&span, t))
        return select_keeping_errno(&s, span, &left);
    if (t && green__load(&copy, t, sizeof copy))
        t = &copy;
    return (int)call_result(green__call(SYS_pselect6, n, (long)in, (long)out,
                                        (long)odd, (long)t, (long)&m));
}

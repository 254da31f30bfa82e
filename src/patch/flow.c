/* SPDX-License-Identifier: MIT */
/* flow.c - layer 8: bytes from one descriptor to another: sendfile, splice, tee,
 * vmsplice.
 *
 * What is no pipe has no form that does not wait, so O_NONBLOCK is set around the
 * one call, as for connect.  Where two descriptors may keep one waiting, the one
 * that is not ready is waited for. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "patch.h"

static mode_t kind_of(int fd)
{
    struct stat s;

    return fstat(fd, &s) == 0 ? s.st_mode & S_IFMT : 0;
}

/* ---- sendfile ---- */

enum { MOST = 0x7ffff000 }; /* of one call, as the kernel has it */

struct sending {
    struct attempt attempt; /* first */
    int from;
    off_t *place;
    size_t left;
};

static long send_once(struct attempt *a)
{
    struct sending *s = (struct sending *)a;
    long flags = green__window_begin(a->fd), r;

    if (flags < 0)
        return flags;
    r = green__call(SYS_sendfile, a->fd, s->from, (long)s->place, (long)s->left,
                    0, 0);
    green__window_over(a->fd, flags);
    return r;
}

static long send_all(struct sending *s)
{
    size_t all = s->left;
    long r;

    do {
        r = green__attempt(&s->attempt);
        if (r <= 0)
            break;
        s->left -= (size_t)r;
    } while (s->left > 0 && green__waits(s->attempt.fd));
    return s->left < all ? (long)(all - s->left) : r;
}

HOOK(sendfile, ssize_t, hook_sendfile,
     (int to, int from, off_t *place, size_t n));
ssize_t hook_sendfile(int to, int from, off_t *place, size_t n)
{
    int saved_errno = errno;
    struct sending s = {{.once = send_once, .fd = to, .events = GREEN_WRITE},
                        from,
                        place,
                        n < MOST ? n : MOST};
    bool ours = green__patched(GREEN_PATCH_SOCKET | GREEN_PATCH_FILE) &&
                kind_of(to) != S_IFREG;

    errno = saved_errno;
    if (!ours || !green__waits(to))
        return call_result(
            green__call(SYS_sendfile, to, from, (long)place, (long)n, 0, 0));
    return call_result(send_all(&s));
}
HOOK_ALIAS(sendfile64, ssize_t, hook_sendfile_2,
           (int to, int from, off_t *place, size_t n), sendfile);

/* ---- splice and tee ---- */

struct flow {
    struct attempt attempt; /* first; its fd is the one that is not ready */
    long number;
    int in, out;
    off_t *in_place, *out_place;
    size_t n;
    unsigned flags;
    bool out_is_pipe;
};

enum { NOT_TO_WAIT = -4095 }; /* stands for an EAGAIN that is the answer */

/* A flow that the caller wants not to wait for pipes waits for what is none. */
static bool waits_for(int fd, unsigned flags)
{
    return green__waits(fd) &&
           !((flags & SPLICE_F_NONBLOCK) && kind_of(fd) == S_IFIFO);
}

/* 0 if that end is ready, else whether it is to be waited for. */
static long look_at_end(struct flow *f, int fd, int events)
{
    if (green__is_ready(fd, events))
        return 0;
    f->attempt.fd = fd;
    f->attempt.events = events;
    return waits_for(fd, f->flags) ? -EAGAIN : NOT_TO_WAIT;
}

static long move(const struct flow *f)
{
    if (f->number == SYS_tee)
        return green__call(SYS_tee, f->in, f->out, (long)f->n,
                           f->flags | SPLICE_F_NONBLOCK, 0, 0);
    return green__call(SYS_splice, f->in, (long)f->in_place, f->out,
                       (long)f->out_place, (long)f->n,
                       f->flags | SPLICE_F_NONBLOCK);
}

static long move_once(struct attempt *a)
{
    struct flow *f = (struct flow *)a;
    long flags = 0, r;

    if ((r = look_at_end(f, f->in, GREEN_READ)) != 0 ||
        (r = look_at_end(f, f->out, GREEN_WRITE)) != 0)
        return r;
    if (!f->out_is_pipe && (flags = green__window_begin(f->out)) < 0)
        return flags;
    r = move(f);
    if (!f->out_is_pipe)
        green__window_over(f->out, flags);
    return r;
}

static long flow_plainly(const struct flow *f)
{
    if (f->number == SYS_tee)
        return green__call(SYS_tee, f->in, f->out, (long)f->n, f->flags, 0, 0);
    return green__call(SYS_splice, f->in, (long)f->in_place, f->out,
                       (long)f->out_place, (long)f->n, f->flags);
}

/* Without a pipe it is no flow: the kernel says so.  Nor does a file wait. */
static bool is_ours(struct flow *f)
{
    int saved_errno = errno;
    mode_t from = kind_of(f->in), to = kind_of(f->out);

    errno = saved_errno;
    f->out_is_pipe = to == S_IFIFO;
    return f->n > 0 && to != S_IFREG &&
           (from == S_IFIFO || (to == S_IFIFO && f->number == SYS_splice)) &&
           (waits_for(f->in, f->flags) || waits_for(f->out, f->flags));
}

static long flow(struct flow *f)
{
    long r;

    if (!green__patched(GREEN_PATCH_SOCKET | GREEN_PATCH_FILE) || !is_ours(f))
        return flow_plainly(f);
    f->attempt =
        (struct attempt){.once = move_once, .fd = f->in, .events = GREEN_READ};
    r = green__attempt(&f->attempt);
    return r == NOT_TO_WAIT ? -EAGAIN : r;
}

HOOK(splice, ssize_t, hook_splice,
     (int in, off_t *in_place, int out, off_t *out_place, size_t n,
      unsigned flags));
ssize_t hook_splice(int in, off_t *in_place, int out, off_t *out_place,
                    size_t n, unsigned flags)
{
    struct flow f = {.number = SYS_splice,
                     .in = in,
                     .out = out,
                     .in_place = in_place,
                     .out_place = out_place,
                     .n = n,
                     .flags = flags};

    return call_result(flow(&f));
}

HOOK(tee, ssize_t, hook_tee, (int in, int out, size_t n, unsigned flags));
ssize_t hook_tee(int in, int out, size_t n, unsigned flags)
{
    struct flow f = {
        .number = SYS_tee, .in = in, .out = out, .n = n, .flags = flags};

    return call_result(flow(&f));
}

/* ---- vmsplice: to a pipe, or from it, by how it was opened ---- */

struct gift {
    struct attempt attempt; /* first */
    const void *iov;
    size_t n;
    unsigned flags;
};

static long give_once(struct attempt *a)
{
    struct gift *g = (struct gift *)a;

    return green__call(SYS_vmsplice, a->fd, (long)g->iov, (long)g->n,
                       g->flags | SPLICE_F_NONBLOCK, 0, 0);
}

HOOK(vmsplice, ssize_t, hook_vmsplice,
     (int fd, const void *iov, size_t n, unsigned flags));
ssize_t hook_vmsplice(int fd, const void *iov, size_t n, unsigned flags)
{
    struct gift g = {{.once = give_once, .fd = fd}, iov, n, flags};
    long how;

    if ((flags & SPLICE_F_NONBLOCK) ||
        !green__patched(GREEN_PATCH_SOCKET | GREEN_PATCH_FILE))
        return call_result(
            green__call(SYS_vmsplice, fd, (long)iov, (long)n, flags, 0, 0));
    how = green__call(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0);
    g.attempt.events =
        how >= 0 && (how & O_ACCMODE) == O_RDONLY ? GREEN_READ : GREEN_WRITE;
    return call_result(green__attempt(&g.attempt));
}

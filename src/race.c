/* SPDX-License-Identifier: MIT */
/* race.c - layer 7: connecting to whichever of several addresses answers.
 *
 * Some addresses of a host may not answer, often all of one family, and nobody
 * tells.  So they race (RFC 8305, "happy eyeballs"):
 *
 *   - their order is libc's, which puts the most suitable first, but with the
 *     families by turns;
 *   - an attempt begins when the one before it has failed, or has not succeeded
 *     within a quarter of a second; those that are under way go on;
 *   - the first that succeeds wins, of several that are seen at once the
 *     earliest; the others are closed.
 *
 * The caller runs the whole race, in one wait, so there is nobody else to be
 * ended when it is killed.
 *
 * Invariants:
 * 1. polled[i] is the socket of order[i] while that attempt is under way; its fd
 *    is -1 before and after.
 * 2. Attempts from `begun` on have not begun; `open` counts those under way. */
#include "race.h"

#include <errno.h>

#include "hub.h"
#include "net.h"
#include "sys.h"

#define HEAD_START (250 * GREEN_MS)

/* How a connection that was under way has ended: 0 or an error number. */
static int outcome_of_connect(int fd)
{
    int error = 0;
    socklen_t length = sizeof error;

    if (green__sys.getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        return errno;
    return error;
}

/* ---- which error to tell ---- */

/* An address of a family, or of a net, that this machine has no part in says
 * nothing about the host. */
static bool is_no_way(int error)
{
    return error == EAFNOSUPPORT || error == ENETUNREACH ||
           error == EADDRNOTAVAIL;
}

/* Of all attempts that failed: the error of the first address that says
 * something, else of the first. */
struct verdict {
    int error; /* 0: none has failed */
    size_t of; /* which address that was */
};

static void note_failure(struct verdict *v, size_t which, int error)
{
    bool better = which < v->of;

    if (is_no_way(v->error) != is_no_way(error))
        better = is_no_way(v->error);
    if (v->error != 0 && !better)
        return;
    v->error = error;
    v->of = which;
}

/* ---- the field ---- */

struct race {
    size_t n, begun, open;
    struct verdict verdict;
    struct pollfd *polled;          /* behind this structure */
    const struct addrinfo *order[]; /* n, as polled */
};

/* The next in the list that is of the family, or that is not. */
static const struct addrinfo *next_of(const struct addrinfo **at, int family,
                                      bool of_it)
{
    const struct addrinfo *a = *at;

    while (a && (a->ai_family == family) != of_it)
        a = a->ai_next;
    *at = a ? a->ai_next : NULL;
    return a;
}

static void order_race(struct race *r, const struct addrinfo *list)
{
    const struct addrinfo *same = list, *other = list, *a;
    bool of_first = true;
    size_t i;

    for (i = 0; i < r->n; i++) {
        a = next_of(of_first ? &same : &other, list->ai_family, of_first);
        if (!a) {
            of_first = !of_first;
            a = next_of(of_first ? &same : &other, list->ai_family, of_first);
        }
        r->order[i] = a;
        r->polled[i].fd = -1;
        r->polled[i].events = POLLOUT;
        of_first = !of_first;
    }
}

/* NULL with ENOMEM. */
static struct race *make_race(const struct addrinfo *list)
{
    const struct addrinfo *a;
    struct race *r;
    size_t n = 0;

    for (a = list; a; a = a->ai_next)
        n++;
    r = green__zalloc(sizeof *r + n * (sizeof *r->order + sizeof *r->polled));
    if (!r)
        return NULL;
    r->n = n;
    r->polled = (struct pollfd *)(r->order + n);
    order_race(r, list);
    return r;
}

/* ---- attempts ---- */

/* Attempt i is over: its socket if it has succeeded, else -1. */
static int end_attempt(struct race *r, size_t i, int error)
{
    int fd = r->polled[i].fd;

    r->polled[i].fd = -1;
    r->open--;
    if (error == 0)
        return fd;
    green_close(fd);
    note_failure(&r->verdict, i, error);
    return -1;
}

/* Begin the next attempt: a socket if it has succeeded already, else -1. */
static int begin_attempt(struct race *r)
{
    size_t i = r->begun++;
    const struct addrinfo *a = r->order[i];
    int fd = green__net_socket(a);

    if (fd < 0) {
        note_failure(&r->verdict, i, errno);
        return -1;
    }
    r->polled[i].fd = fd;
    r->open++;
    if (green__sys.connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return end_attempt(r, i, 0);
    return errno == EINPROGRESS ? -1 : end_attempt(r, i, errno);
}

/* Look at all that are told to be over: the first that has succeeded, or -1. */
static int see_attempts(struct race *r)
{
    int winner = -1;
    size_t i;

    for (i = 0; winner < 0 && i < r->begun; i++)
        if (r->polled[i].fd >= 0 && r->polled[i].revents)
            winner = end_attempt(r, i, outcome_of_connect(r->polled[i].fd));
    return winner;
}

/* ---- the race ---- */

/* Begin attempts until one is under way: -1, or the socket if one has succeeded
 * already. */
static int begin_next(struct race *r)
{
    size_t open = r->open;
    int winner = -1;

    while (winner < 0 && r->open == open && r->begun < r->n)
        winner = begin_attempt(r);
    return winner;
}

/* The winner's socket, or -1 with errno.  Each time the wait is over, either the
 * head start is, or one has failed: the next may begin. */
static int run_race(struct race *r)
{
    int winner = begin_next(r);

    while (winner < 0 && r->open > 0) {
        if (green_poll(r->polled, r->begun,
                       r->begun < r->n ? HEAD_START : GREEN_FOREVER) < 0)
            return -1;
        winner = see_attempts(r);
        if (winner < 0)
            winner = begin_next(r);
    }
    if (winner < 0)
        errno = r->verdict.error;
    return winner;
}

int green__race(const struct addrinfo *list)
{
    struct race *r = make_race(list);
    int winner, error;
    size_t i;

    if (!r)
        return -1;
    winner = run_race(r);
    error = errno;
    for (i = 0; i < r->begun; i++)
        if (r->polled[i].fd >= 0)
            green_close(r->polled[i].fd);
    green__sys.free(r);
    errno = error;
    return winner;
}

/* ---- without waiting ---- */

/* Connections within a machine are made at once.  EAGAIN: the backlog of a Unix
 * socket is full. */
static int try_connect(int fd, const struct addrinfo *a)
{
    struct pollfd done = {.fd = fd, .events = POLLOUT};

    if (green__sys.connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return 0;
    if (errno == EINPROGRESS)
        errno = green__sys.poll(&done, 1, 0) == 1 ? outcome_of_connect(fd)
                                                  : ETIMEDOUT;
    else if (errno == EAGAIN)
        errno = ETIMEDOUT;
    return errno == 0 ? 0 : -1;
}

static int try_one(const struct addrinfo *a)
{
    int fd = green__net_socket(a);

    if (fd < 0 || try_connect(fd, a) == 0)
        return fd;
    return green__net_discard(fd);
}

int green__race_at_once(const struct addrinfo *a)
{
    struct verdict verdict = {0};
    size_t i;
    int fd;

    for (i = 0; a; a = a->ai_next, i++) {
        fd = try_one(a);
        if (fd >= 0)
            return fd;
        note_failure(&verdict, i, errno);
    }
    errno = verdict.error;
    return -1;
}

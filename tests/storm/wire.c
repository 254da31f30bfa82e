/* SPDX-License-Identifier: MIT */
/* wire.c - reading, writing, and what is right. */
#include "wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include "green.h"

/* ---- making one ---- */

static int listen_at_loopback(struct sockaddr_in *at)
{
    socklen_t length = sizeof *at;
    int fd = green_socket(AF_INET, SOCK_STREAM, 0);

    memset(at, 0, sizeof *at);
    at->sin_family = AF_INET;
    at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && (bind(fd, (struct sockaddr *)at, sizeof *at) != 0 ||
                    listen(fd, 1) != 0 ||
                    getsockname(fd, (struct sockaddr *)at, &length) != 0))
        storm_failed(NULL, "cannot listen", errno);
    return fd;
}

static int connect_loopback(int fds[2])
{
    struct sockaddr_in at;
    int listener = listen_at_loopback(&at), error;

    if (listener < 0)
        return -1;
    fds[0] = -1;
    fds[1] = green_socket(AF_INET, SOCK_STREAM, 0);
    if (fds[1] >= 0 &&
        green_connect(fds[1], (struct sockaddr *)&at, sizeof at) == 0)
        fds[0] = green_accept(listener, NULL, NULL);
    error = errno;
    green_close(listener);
    if (fds[0] >= 0)
        return 0;
    if (fds[1] >= 0)
        green_close(fds[1]);
    errno = error;
    return -1;
}

/* Some as the library makes them, some as others do. */
static int open_ends(enum wire_kind kind, int fds[2])
{
    const int types[] = {0, SOCK_STREAM, SOCK_SEQPACKET};

    if (kind == TCP)
        return connect_loopback(fds);
    if (kind == PIPE)
        return storm_choose(2) ? green_pipe(fds) : pipe(fds);
    return storm_choose(2) ? green_socketpair(AF_UNIX, types[kind], 0, fds)
                           : socketpair(AF_UNIX, types[kind], 0, fds);
}

int wire_open(struct wire *w, uint32_t id, enum wire_kind kind)
{
    const int little = 1;
    int fds[2];

    if (open_ends(kind, fds) != 0)
        return -1;
    memset(w, 0, sizeof *w);
    w->id = id;
    w->kind = kind;
    w->in = fds[0];
    w->out = fds[1];
    w->arrived = mmap(NULL, RECORDS, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (w->arrived == MAP_FAILED)
        storm_failed(w, "no memory", errno);
    if (kind != PIPE) /* so that writers have to wait */
        setsockopt(w->out, SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
    return 0;
}

/* ---- records ---- */

static void fill_record(const struct wire *w, unsigned number, uint32_t *record)
{
    for (int i = 0; i < RECORD / 4; i += 2) {
        record[i] = w->id;
        record[i + 1] = number;
    }
}

static void take_record(struct wire *w, const void *bytes)
{
    uint32_t got[RECORD / 4], due[RECORD / 4];

    memcpy(got, bytes, RECORD);
    if (got[0] != w->id || got[1] >= RECORDS)
        storm_failed(w, "a record of another wire", (long)got[0]);
    fill_record(w, got[1], due);
    if (memcmp(got, due, RECORD) != 0)
        storm_failed(w, "a record is torn", (long)got[1]);
    if (w->arrived[got[1]]++)
        storm_failed(w, "a record came twice", (long)got[1]);
}

static void take_bytes(struct wire *w, const char *bytes, size_t n)
{
    while (n > 0) {
        size_t room = RECORD - w->part_length, some = n < room ? n : room;

        memcpy(w->part + w->part_length, bytes, some);
        w->part_length += some;
        bytes += some;
        n -= some;
        if (w->part_length < RECORD)
            return;
        take_record(w, w->part);
        w->part_length = 0;
    }
}

void wire_steal(struct wire *w, int fd, int most)
{
    struct pollfd p = {fd, POLLIN, 0};
    char bytes[RECORD];

    while (most-- > 0 && poll(&p, 1, 0) == 1 && p.revents & POLLIN &&
           read(fd, bytes, RECORD) == RECORD)
        take_record(w, bytes);
}

/* ---- reading ---- */

/* In one of the ways there are.  Being ready is a hint, so it is tried then; unless
 * the number is another file's by now, as these calls may let others run when they
 * need not have waited. */
static ssize_t read_somehow(const struct wire *w, int fd, char *bytes, size_t n)
{
    unsigned moves = w->moves;
    struct pollfd p = {fd, POLLIN, 0};
    green_case_t c = GREEN_ON_FD(fd, GREEN_READ);

    switch (storm_choose(6)) {
    case 0:
        if (green_wait_fd(fd, GREEN_READ, GREEN_FOREVER) < 0)
            return -1;
        break;
    case 1:
        if (green_poll(&p, 1, GREEN_FOREVER) < 0)
            return -1;
        if (p.revents & POLLNVAL)
            return errno = EBADF, -1;
        break;
    case 2:
        if (green_select(&c, 1, GREEN_FOREVER) < 0)
            return -1;
        if (errno == EBADF)
            return -1;
        break;
    case 3:
        if (w->kind != PIPE)
            return green_recv(fd, bytes, n, 0);
        break;
    default:
        break;
    }
    if (w->in < 0 || w->moves != moves)
        return errno = EBADF, -1;
    return green_read(fd, bytes, n);
}

/* May the call have failed so?  Timeouts and kills it is told of by others. */
static bool reading_may_end(const struct wire *w, unsigned moves, ssize_t n)
{
    if (n == 0)
        return w->ended;
    if (errno == EBADF)
        return w->in < 0 || w->moves != moves;
    if (errno == ECONNRESET)
        return w->reset;
    return errno == ETIMEDOUT || errno == ECANCELED;
}

static ssize_t read_for_a_while(const struct wire *w, int fd, char *bytes,
                                size_t n)
{
    green_scope_t scope;
    ssize_t r;

    green_timeout_begin(&scope, storm_choose(4) ? GREEN_FOREVER
                                                : storm_choose(300) * GREEN_US);
    r = read_somehow(w, fd, bytes, n);
    green_scope_end(&scope);
    return r;
}

void *wire_reads(void *arg)
{
    struct wire *w = arg;
    char bytes[4 * RECORD];
    ssize_t n;
    int fd;

    while ((fd = w->in) >= 0) {
        unsigned moves = w->moves;
        size_t most = w->kind == PACKETS ? 1 : 1 + storm_choose(4);

        n = read_for_a_while(w, fd, bytes, most * RECORD);
        if (n > 0 && w->kind != TCP && n % RECORD)
            storm_failed(w, "part of a record was read", n);
        if (n > 0) {
            take_bytes(w, bytes, (size_t)n);
            continue;
        }
        if (!reading_may_end(w, moves, n))
            storm_failed(w, "reading failed", n ? errno : 0);
        if (n == 0 || errno == ECANCELED || errno == ECONNRESET)
            break;
    }
    return NULL;
}

/* ---- writing ---- */

static bool writing_may_end(const struct wire *w, int fd)
{
    switch (errno) {
    case EBADF:
        return w->out != fd;
    case EPIPE:
        return w->cut || w->ended;
    case ECONNRESET:
        return w->cut;
    default:
        return errno == ETIMEDOUT || errno == ECANCELED;
    }
}

/* A record, in pieces if need be: how much of it was written. */
static size_t write_record(struct wire *w, int fd, const char *bytes)
{
    size_t done = 0;

    while (done < RECORD) {
        ssize_t n = w->kind != PIPE && storm_choose(2)
                        ? green_send(fd, bytes + done, RECORD - done, 0)
                        : green_write(fd, bytes + done, RECORD - done);

        if (n < 0)
            break;
        done += (size_t)n;
        if (done < RECORD && w->kind != TCP)
            storm_failed(w, "part of a record was written", (long)done);
    }
    return done;
}

void *wire_writes(void *arg)
{
    struct wire *w = arg;
    uint32_t record[RECORD / 4];
    int fd;

    while ((fd = w->out) >= 0 && w->next < RECORDS) {
        unsigned number = w->next++;
        size_t done;

        fill_record(w, number, record);
        done = write_record(w, fd, (const char *)record);
        w->written[number] = done == RECORD;
        if (done < RECORD && !writing_may_end(w, fd))
            storm_failed(w, "writing failed", errno);
        if (done < RECORD)
            break; /* of TCP part of it may have gone, so nothing may follow */
        if (storm_choose(4) == 0 && green_sleep(storm_choose(100)) != 0)
            break;
    }
    return NULL;
}

/* ---- what becomes of it ---- */

void wire_cut(struct wire *w)
{
    int fd = w->in;

    if (fd < 0)
        return;
    w->cut = true;
    w->in = -1;
    green_close(fd);
}

void wire_end(struct wire *w)
{
    int fd = w->out;

    if (fd < 0)
        return;
    w->ended = true;
    w->out = -1;
    green_close(fd);
}

void wire_half_close(struct wire *w)
{
    if (w->out < 0 || w->kind == PIPE)
        return;
    w->ended = true;
    green_shutdown(w->out, SHUT_WR);
}

void wire_reset(struct wire *w)
{
    const struct linger at_once = {1, 0};

    if (w->out < 0 || w->kind != TCP)
        return;
    setsockopt(w->out, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    w->reset = w->cut = true;
    wire_end(w);
}

void wire_move(struct wire *w)
{
    int old = w->in, fd = old < 0 ? -1 : dup(old);

    if (fd < 0)
        return;
    w->in = fd;
    w->moves++;
    green_close(old);
}

void wire_judge(struct wire *w)
{
    for (unsigned i = 0; i < RECORDS; i++) {
        if (w->arrived[i] && !w->written[i] && w->kind != TCP)
            storm_failed(w, "a record came that was not written", (long)i);
        if (w->written[i] && !w->arrived[i] && !w->cut)
            storm_failed(w, "a record was lost", (long)i);
    }
    munmap(w->arrived, RECORDS);
}

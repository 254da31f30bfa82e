/* SPDX-License-Identifier: MIT */
/* converse.c - layer 7: our ends of a process's pipes, and all that goes through
 * them at once.
 *
 * A program that has to be read from before it goes on reading must be served at
 * all its pipes at once.  Whatever interrupts that, all is kept for the next time.
 *
 * The user may close an end himself, by green_close, and its number may have
 * been used anew since.  The hub counts the lives of each number, so we use and
 * close only what is still the pipe. */
#include "converse.h"
#include <errno.h>
#include <string.h>
#include "hub.h"

#define LEAST_ROOM 4096 /* for what is read at once */
#define TRIES 64        /* of a conversation that must not wait */

/* ---- the ends ---- */

void green__conversation_open(struct conversation *c, struct green_hub *h,
                              const int fds[3])
{
    int i;

    memset(c, 0, sizeof *c);
    c->hub = h;
    for (i = 0; i < 3; i++) {
        c->ends[i].fd = fds[i];
        c->ends[i].lives = green__fd_lives(h, fds[i]);
    }
}

int green__conversation_fd(const struct conversation *c, int i)
{
    const struct pipe_end *end = &c->ends[i];
    bool is_it = end->fd >= 0 && green__fd_lives(c->hub, end->fd) == end->lives;

    return is_it ? end->fd : -1;
}

static void close_end(struct conversation *c, int i)
{
    int fd = green__conversation_fd(c, i);

    if (fd >= 0)
        green_close(fd);
    c->ends[i].fd = -1;
}

void green__conversation_close(struct conversation *c)
{
    int i;

    for (i = 0; i < 3; i++)
        close_end(c, i);
    green__sys.free(c->input);
    for (i = 0; i < 2; i++)
        green__sys.free(c->gathered[i].data);
}

/* ---- what goes in ---- */

static int copy_input(struct conversation *c, const void *input, size_t n)
{
    if (!input || green__conversation_fd(c, 0) < 0) {
        errno = EINVAL;
        return -1;
    }
    c->input = green__sys.malloc(n);
    if (!c->input)
        return -1;
    memcpy(c->input, input, n);
    c->size = n;
    return 0;
}

/* A program need not read all that it is given. */
static int feed_process(struct conversation *c, int fd)
{
    ssize_t r = 0;

    if (c->sent < c->size)
        r = green__sys.write_calmly(fd, c->input + c->sent, c->size - c->sent);
    if (r < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (r < 0 && errno != EPIPE)
        return -1;
    if (r > 0)
        c->sent += (size_t)r;
    if (r < 0 || c->sent == c->size)
        close_end(c, 0);
    return 0;
}

/* ---- what comes out ---- */

static int make_gathering_room(struct gathered *g)
{
    size_t room = g->room ? g->room * 2 : 2 * LEAST_ROOM;
    char *data;

    if (g->room - g->n > LEAST_ROOM)
        return 0;
    data = green__sys.realloc(g->data, room);
    if (!data)
        return -1;
    g->data = data;
    g->room = room;
    return 0;
}

static int gather(struct conversation *c, int i, int fd)
{
    struct gathered *g = &c->gathered[i - 1];
    ssize_t r;

    if (make_gathering_room(g) != 0)
        return -1;
    r = green__sys.read(fd, g->data + g->n, g->room - g->n - 1);
    if (r < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    g->n += (size_t)r;
    if (r == 0)
        close_end(c, i);
    return 0;
}

void green__conversation_take(struct conversation *c, int i, char **data,
                              size_t *length)
{
    struct gathered *g = &c->gathered[i - 1];

    if (g->data)
        g->data[g->n] = '\0';
    if (length)
        *length = g->n;
    if (data)
        *data = g->data;
    else
        green__sys.free(g->data);
    *g = (struct gathered){NULL, 0, 0};
}

/* ---- both ---- */

/* There is room from the start, so that what is taken is not NULL. */
int green__conversation_begin(struct conversation *c, const void *input,
                              size_t n)
{
    int i;

    if (c->has_begun)
        return 0;
    for (i = 1; i < 3; i++)
        if (green__conversation_fd(c, i) >= 0 &&
            make_gathering_room(&c->gathered[i - 1]) != 0)
            return -1;
    if (n > 0 && copy_input(c, input, n) != 0)
        return -1;
    c->has_begun = true;
    return 0;
}

static int serve_end(struct conversation *c, const struct pollfd *ready, int i)
{
    if (ready->revents == 0)
        return 0;
    if (ready->revents & POLLNVAL) {
        c->ends[i].fd = -1; /* somebody closed it */
        return 0;
    }
    return i == 0 ? feed_process(c, ready->fd) : gather(c, i, ready->fd);
}

/* Wait until something can be done, and do it: 1, or 0 if no pipe is open, or
 * -1 with errno. */
static int exchange(struct conversation *c, int64_t timeout)
{
    struct pollfd fds[3];
    bool is_open = false;
    int i, r;

    for (i = 0; i < 3; i++) {
        fds[i].fd = green__conversation_fd(c, i);
        fds[i].events = i == 0 ? POLLOUT : POLLIN;
        is_open = is_open || fds[i].fd >= 0;
    }
    if (!is_open)
        return 0;
    r = green_poll(fds, 3, timeout);
    if (r == 0)
        errno = ETIMEDOUT;
    if (r <= 0)
        return -1;
    for (i = 0; i < 3; i++)
        if (serve_end(c, &fds[i], i) != 0)
            return -1;
    return 1;
}

/* Without time left what is there already is still taken, but a program that
 * says more and more does not hold us up. */
int green__converse(struct conversation *c, int64_t until)
{
    int64_t left;
    int tries = TRIES, r = 1;

    while (r > 0) {
        left = green__left(c->hub, until);
        if (left > 0) {
            green__spend(c->hub);
        } else if (tries-- == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        r = exchange(c, left);
    }
    return r;
}

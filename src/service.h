/* SPDX-License-Identifier: MIT */
/* service.h - layer 7: the life of a server, whatever it serves.
 *
 * A kind of server has a structure that begins with green_server, and one for
 * each piece of work that begins with struct work.  Both are allocated; from
 * green__service_open and green__service_employ on they are freed here. */
#ifndef GREEN_SERVICE_H
#define GREEN_SERVICE_H

#include "green_impl.h"

/* A connection, a datagram: what one greenlet does. */
struct work {
    struct work *next, *previous;
    struct green_server *server;
    green_t *greenlet; /* our reference */
};

struct green_server {
    int fd, port;      /* port -1: not an internet address */
    int error;         /* the taker has ended because of this */
    uint32_t life;     /* of fd, see green__fd_lives */
    bool keeps_socket; /* to the end of all work, which answers through it */
    void *arg;         /* the handler's */
    green_t *taker;    /* our reference */
    struct work *work; /* being done, the latest first */
    bool bounded;
    green_sem_t permits; /* if bounded */
    bool stopping;
    bool abandoned; /* the last member frees the server */
    size_t members; /* the taker, and all work */
    green_event_t empty; /* set when the last member leaves */
};

/* A server of `size` bytes, zeroed, that does at most `max` pieces of work at
 * once (0: any number); NULL with ENOMEM. */
green_server_t *green__service_make(size_t size, size_t max);

/* Begin: `take` takes work from the socket fd, which is closed if this fails.
 * 0, or -1 with errno, and then s is still the caller's. */
int green__service_open(green_server_t *s, int fd, void *(*take)(void *server),
                        const green_options_t *options);

/* For the taker.  Wait until there may be one more: 0, or -1 if killed. */
int green__service_admit(green_server_t *s);

/* Have a greenlet do w: 0, or -1 if killed while there was no memory for it,
 * and then w is still the caller's. */
int green__service_employ(green_server_t *s, struct work *w,
                          void *(*fn)(void *work));

/* The last thing that the taker does, with the reason in errno. */
void green__service_leave(green_server_t *s);

/* For who does w, first: have `done` called at its end, however that comes: 0,
 * or -1 if killed while there was no memory for it, and then done(w) was called.
 * The last thing that `done` does is green__service_done. */
int green__service_begin(struct work *w, void (*done)(void *work));
void green__service_done(struct work *w);

/* Wait until something may have become available, a longer time each time; it
 * is 0 at first.  0, or -1 if killed. */
int green__service_pause(int64_t *pause);

/* See green_server_stop. */
int green__service_stop(green_server_t *s, int64_t grace);

#endif

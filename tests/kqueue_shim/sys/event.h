/* SPDX-License-Identifier: MIT */
/* sys/event.h - kqueue for Linux, as much of it as src/hub_kqueue.c uses, so
 * that its tests run here too.  Names and types are those of FreeBSD. */
#ifndef KQUEUE_SHIM_EVENT_H
#define KQUEUE_SHIM_EVENT_H

#include <stdint.h>
#include <time.h>

struct kevent {
    uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned fflags;
    int64_t data;
    void *udata;
    uint64_t ext[4];
};

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

#define EV_SET(event, id, what, how, more, value, user) \
    (*(event) = (struct kevent){.ident = (id),          \
                                .filter = (what),       \
                                .flags = (how),         \
                                .fflags = (more),       \
                                .data = (value),        \
                                .udata = (user)})

int kqueue(void);
int kevent(int kq, const struct kevent *changes, int n_changes,
           struct kevent *events, int n_events, const struct timespec *timeout);

#endif

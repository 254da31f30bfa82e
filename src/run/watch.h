/* SPDX-License-Identifier: MIT */
/* watch.h - tasks that wait for descriptors. */
#ifndef RUN_WATCH_H
#define RUN_WATCH_H

#include "list.h"
#include "task.h"

/* How a call on a descriptor is kept from waiting. */
enum watch_kind {
    WATCH_UNKNOWN,
    WATCH_SOCKET, /* MSG_DONTWAIT */
    WATCH_NOWAIT, /* RWF_NOWAIT: pipes, eventfd, timerfd */
    WATCH_POLL,   /* look before: terminals and others */
    WATCH_PLAIN   /* never waits long: files */
};

/* One descriptor of a wait, in the frame of who waits. */
struct watch_wait {
    struct green_waiter waiter; /* first: it is what the list knows */
    struct task *task;
    int fd;
    uint32_t events;
    bool takes; /* it will take what has come, so that one is enough */
};

enum watch_kind watch_kind(int fd);
enum watch_kind watch_known(int fd);            /* without asking anybody */
void watch_learn(int fd, enum watch_kind kind); /* the guess was wrong */

/* What the kernel was once told of a descriptor lasts while nobody else has it: one
 * that was accepted here, until there is a child or it may have been sent away. */
void watch_own(int fd);      /* it is new, and ours alone */
void watch_share_all(void);  /* others may have all of them now */
bool watch_is_plain(int fd); /* reading it waits, without a timeout */
void watch_note_plain(int fd);
void watch_changed(void); /* flags or timeouts, of any descriptor */

/* Wait for events of poll(); several by begin and end. */
enum woken watch_park(int fd, uint32_t events, int64_t deadline);
bool watch_begin(struct watch_wait *w); /* false: it need not wait */
void watch_end(struct watch_wait *w);

/* The number is about to mean something else: its waits end as WOKEN_CLOSED. */
void watch_forget(int fd);

/* Descriptors of the engine's own, where the program does not look. */
int watch_epoll(void);
int watch_hide(int fd); /* move it there: its new number */
bool watch_is_ours(int fd);
void watch_event(int fd, uint32_t events);

int watch_start(void); /* 0 or -errno; again in a child */

#endif

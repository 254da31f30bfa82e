/* SPDX-License-Identifier: MIT */
/* uring.h - layer 7: reads and writes that the kernel does meanwhile. */
#ifndef GREEN_URING_H
#define GREEN_URING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "list.h"

struct uring_job {
    int fd;
    bool writes;
    off_t offset; /* -1: where the file stands */
    void *data;
    size_t size;
    ssize_t result; /* of the system call, or -errno */
    void (*drop)(struct uring_job *job);
    /* uring.c's: */
    struct green_waiter place; /* among those that wait behind the one that looks */
    green_waiters_t waiters;   /* the greenlet, as long as it waits */
    bool done, left;
};

/* Have a job done and wait for it: 0 with its result.  -1 with EOPNOTSUPP if there
 * is no ring to be had, and then the job is untouched; with ECANCELED or ETIMEDOUT
 * if the greenlet has to leave: then job->drop is called, at once or when the
 * kernel has done with the job's memory. */
int green__uring_run(struct uring_job *job);

/* In the child of a fork: the ring is the parent's. */
void green__uring_forked(struct green_hub *h);

#endif

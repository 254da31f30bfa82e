/* SPDX-License-Identifier: MIT */
/* thread.h - beginnings and ends of threads, and what is asked of one. */
#ifndef RUN_THREAD_H
#define RUN_THREAD_H

#include "call.h"

/* Does this call make a thread, and not a process? */
bool thread_is_wanted(unsigned long flags);

struct thread_plan {
    unsigned long flags, stack_top, tls;
    int *parent_tid, *child_tid;
};

long thread_create(struct call *c, const struct thread_plan *plan);
long thread_exit(struct call *c);
long thread_gettid(struct call *c);
long thread_set_tid_address(struct call *c);
long thread_set_robust_list(struct call *c);
long thread_get_robust_list(struct call *c);
long thread_rseq(struct call *c);
long thread_prctl(struct call *c);
long thread_arch_prctl(struct call *c);
long thread_munmap(struct call *c);

/* Calls whose argument is a thread: ours are the kernel's one. */
long thread_first_is_tid(struct call *c);
long thread_second_is_tid(struct call *c);

#endif

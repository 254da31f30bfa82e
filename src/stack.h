/* SPDX-License-Identifier: MIT */
/* stack.h - layer 1: stacks with guards, reserved early, attached late, cached.
 *
 * The life of a stack: reserve (address space exists, nothing is touched) ->
 * attach (guard in place, ready to run on) -> detach (cached, hot, for the next
 * attach).  Sizes come in classes, powers of two. */
#ifndef GREEN_STACK_H
#define GREEN_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STACK_CLASSES 48

struct stack_pool;

struct stacks {                       /* one per hub; all zero is empty */
    struct stack_pool *pools[STACK_CLASSES];
    uint64_t cached;                  /* stacks in the caches of all classes */
    uint64_t unguarded;               /* stacks in use or cached without a guard */
};

/* The class whose stacks hold at least `size` bytes (0: the default, from
 * GREEN_STACK_SIZE or 256 KiB on 64-bit, 64 KiB on 32-bit), or -1 with ENOMEM
 * if no stack can be that large. */
int green__stack_class(size_t size);

/* Usable bytes of a stack of this class. */
size_t green__stack_size(int class);

/* Promise a stack: after this, one attach of the class cannot fail.
 * 0, or -1 with ENOMEM and nothing changed. */
int green__stack_reserve(struct stacks *s, int class);

/* Take a promise back, attached and detached or never attached. */
void green__stack_unreserve(struct stacks *s, int class);

/* The top of a stack, 16-byte aligned, of staggered place within its page.
 * Makes no system call when one is cached. */
void *green__stack_attach(struct stacks *s, int class);

/* Give a stack back by the top that attach returned.  The caller may still be
 * running on it: its memory is not touched before the next attach. */
void green__stack_detach(struct stacks *s, int class, void *top);

/* The lowest usable address of the stack with this top. */
void *green__stack_low(int class, void *top);

/* Give the memory of long unused stacks back to the system; for idle times.
 * After how many nanoseconds there may be more to do, or INT64_MAX. */
int64_t green__stacks_trim(struct stacks *s);

/* Unmap everything.  No stack may be in use. */
void green__stacks_close(struct stacks *s);

/* Does this address lie in the guard of a stack (of any hub), or directly below
 * one whose guard could not be made?  Safe in a signal handler. */
bool green__stack_is_guard(const void *address);

#endif

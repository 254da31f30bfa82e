/* SPDX-License-Identifier: MIT */
/* callers.c - layer 8: whose waits for a lock are a thread's, whoever runs.
 *
 * libgreen takes locks in the midst of its own work, where no greenlet can be
 * switched away from.  An allocator may hold one while what it keeps for the
 * thread is half changed; then another greenlet must not call it.  Both hold
 * theirs for moments, and never while they wait. */
#include <dlfcn.h>
#include <link.h>
#include "lot.h"

struct range {
    uintptr_t begin, end;
};

static struct range libgreen, allocator;

struct search {
    uintptr_t address;
    struct range *found;
};

/* The program, without a name, is not looked into: an allocator that is part of it
 * cannot be told from the rest. */
static int look_into(struct dl_phdr_info *info, size_t size, void *arg)
{
    const struct search *s = arg;

    (void)size;
    if (!*info->dlpi_name)
        return 0;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + part->p_vaddr;

        if (part->p_type != PT_LOAD || s->address < begin ||
            s->address - begin >= part->p_memsz)
            continue;
        *s->found = (struct range){begin, begin + part->p_memsz};
        return 1;
    }
    return 0;
}

static void find_code(const void *of, struct range *range)
{
    struct search s = {(uintptr_t)of, range};

    dl_iterate_phdr(look_into, &s);
}

static bool is_within(const void *address, const struct range *range)
{
    return (uintptr_t)address - range->begin < range->end - range->begin;
}

void green__callers_prepare(void)
{
    find_code((const void *)(uintptr_t)green_self, &libgreen);
    find_code(dlsym(RTLD_DEFAULT, "malloc"), &allocator);
}

bool green__may_park(const void *caller)
{
    return green__patched(GREEN_PATCH_THREAD) &&
           !is_within(caller, &libgreen) && !is_within(caller, &allocator);
}

void green__lot_begin(struct lot_waiter *w, struct lot_place *place,
                      const void *object, enum green_reason reason,
                      const void *caller)
{
    green__lot_begin_as(w, place, object, reason, green__may_park(caller));
}

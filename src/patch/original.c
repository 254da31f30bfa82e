/* SPDX-License-Identifier: MIT */
/* original.c - layer 8: libc's own functions, in the shared library: by dlsym. */
#include "original.h"
#include <dlfcn.h>
#include <string.h>

static struct original original;

/* A pointer to a function, of a pointer to anything: ISO C has no cast for it. */
static void find(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(function, &found, sizeof found);
}

static void __attribute__((constructor)) find_all(void)
{
    if (original.fork)
        return;
    find(&original.getaddrinfo, "getaddrinfo");
    find(&original.getnameinfo, "getnameinfo");
    find(&original.gethostbyname2_r, "gethostbyname2_r");
    find(&original.gethostbyname2, "gethostbyname2");
    find(&original.gethostbyname, "gethostbyname");
    find(&original.pclose, "pclose");
    find(&original.fork, "fork");
}

/* Other constructors may come before ours. */
const struct original *green__original(void)
{
    find_all();
    return &original;
}

void green__original_patch(struct sys *now, struct sys *before)
{
    now->getaddrinfo = green__original()->getaddrinfo;
    now->getnameinfo = green__original()->getnameinfo;
    before->fork = green__original()->fork;
}

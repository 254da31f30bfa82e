/* SPDX-License-Identifier: MIT */
/* libc_streams.c - layer 8: libc's own functions of streams. */
#include <dlfcn.h>
#include <string.h>
#include "streams.h"

static struct streams own;

/* A pointer to a function, of a pointer to anything: ISO C has no cast for it. */
static void find(void *function, const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(function, &found, sizeof found);
}

/* On x86-64 there is an older one of another object, which dlsym may find. */
static void find_fclose(void)
{
    void *found = dlvsym(RTLD_NEXT, "fclose", "GLIBC_2.2.5");

    if (found)
        memcpy(&own.fclose, &found, sizeof found);
    else
        find(&own.fclose, "fclose");
}

static void find_output(void)
{
    find(&own.fputc, "fputc");
    find(&own.putc_unlocked, "putc_unlocked");
    find(&own.fputs, "fputs");
    find(&own.fputs_unlocked, "fputs_unlocked");
    find(&own.puts, "puts");
    find(&own.fwrite, "fwrite");
    find(&own.fwrite_unlocked, "fwrite_unlocked");
    find(&own.vfprintf, "vfprintf");
    find(&own.vfprintf_chk, "__vfprintf_chk");
    find(&own.fflush, "fflush");
    find(&own.fflush_unlocked, "fflush_unlocked");
    find_fclose();
    find(&own.overflow, "__overflow");
}

static void __attribute__((constructor)) find_all(void)
{
    if (own.funlockfile)
        return;
    find(&own.fgetc, "fgetc");
    find(&own.getc_unlocked, "getc_unlocked");
    find(&own.fgets, "fgets");
    find(&own.fgets_unlocked, "fgets_unlocked");
    find(&own.getdelim, "getdelim");
    find(&own.fread, "fread");
    find(&own.fread_unlocked, "fread_unlocked");
    find(&own.vfscanf, "vfscanf");
    find(&own.vfscanf_c99, "__isoc99_vfscanf");
    find(&own.uflow, "__uflow");
    find_output();
    find(&own.flockfile, "flockfile");
    find(&own.ftrylockfile, "ftrylockfile");
    find(&own.funlockfile, "funlockfile");
}

/* Other constructors may come before ours. */
const struct streams *green__streams(void)
{
    find_all();
    return &own;
}

/* SPDX-License-Identifier: MIT */
/* streams.h - layer 8: libc's streams, whose reads and writes are inside libc.
 *
 * No hook sees these.  So before libc is called such that it would read or write,
 * the greenlet waits until the descriptor is ready; then it is called for no more
 * than one such call, which does not wait.  Nobody is switched away from inside
 * libc, so a stream is whole at every wait. */
#ifndef GREEN_STREAMS_H
#define GREEN_STREAMS_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include "original.h"

/* libc's own. */
struct streams {
    int (*fgetc)(FILE *f);
    int (*getc_unlocked)(FILE *f);
    char *(*fgets)(char *s, int n, FILE *f);
    char *(*fgets_unlocked)(char *s, int n, FILE *f);
    ssize_t (*getdelim)(char **line, size_t *room, int delimiter, FILE *f);
    size_t (*fread)(void *to, size_t size, size_t n, FILE *f);
    size_t (*fread_unlocked)(void *to, size_t size, size_t n, FILE *f);
    int (*vfscanf)(FILE *f, const char *format, va_list arguments);
    int (*vfscanf_c99)(FILE *f, const char *format, va_list arguments);
    int (*uflow)(FILE *f);
    int (*fputc)(int c, FILE *f);
    int (*putc_unlocked)(int c, FILE *f);
    int (*fputs)(const char *s, FILE *f);
    int (*fputs_unlocked)(const char *s, FILE *f);
    int (*puts)(const char *s);
    size_t (*fwrite)(const void *from, size_t size, size_t n, FILE *f);
    size_t (*fwrite_unlocked)(const void *from, size_t size, size_t n, FILE *f);
    int (*vfprintf)(FILE *f, const char *format, va_list arguments);
    int (*vfprintf_chk)(FILE *f, int flag, const char *format, va_list a);
    int (*overflow)(FILE *f, int c);
    int (*fflush)(FILE *f);
    int (*fflush_unlocked)(FILE *f);
    int (*fclose)(FILE *f);
    void (*flockfile)(FILE *f);
    int (*ftrylockfile)(FILE *f);
    void (*funlockfile)(FILE *f);
};

const struct streams *green__streams(void) __attribute__((weak));

/* ---- a stream is one greenlet's: holding.c ---- */

struct hold;

/* How many are held by greenlets. */
extern atomic_uint green__holds;

/* Until no other greenlet holds it: 0, and what it handed over if it did, or -errno
 * of a kill or a scope. */
long green__hold_await(FILE *f, struct hold **handed);
bool green__held_by_other(FILE *f);

/* Have others wait, also those of other threads; NULL: no memory. */
struct hold *green__hold(FILE *f);
void green__hold_end(struct hold *h);

/* ---- a call in which it may have to be waited for: use.c ---- */

struct use {
    FILE *file;
    bool locks;        /* libc's lock is held, as callers who do not say _unlocked want */
    struct hold *hold; /* while it is, or was, waited */
};

/* 0, or -errno of a kill or a scope. */
long green__use_begin(struct use *u, FILE *f, bool locks);

/* Tell errno and the stream of an error `r` of a wait. */
void green__use_end(struct use *u, long r);

/* Wait until one read, or write, does not: 0, or -errno. */
long green__use_ready(struct use *u, int events);

/* Wait until a character can be read without a wait: 0, or -errno. */
long green__use_refill(struct use *u);

/* Is it written where a write may wait? */
bool green__use_writes_slowly(struct use *u);

/* Write what is in the buffer, if that is slow: 0, or -errno. */
long green__use_drain(struct use *u);

/* A write of so much does not wait where poll says that one would not. */
enum { STREAM_PIECE = 4096 };

/* ---- what is in a stream: inside.c ---- */

/* What can be read without a system call; there may be more. */
const char *green__stream_window(FILE *f, size_t *n);

/* Does reading a character make no system call? */
bool green__stream_has(FILE *f);

/* Errors are for ferror to find. */
void green__stream_fail(FILE *f);

/* The first bytes of what is to be written, as far as they can be had. */
const char *green__stream_pending(FILE *f, size_t *n);
void green__stream_wrote(FILE *f, size_t n);

/* ---- */

/* Must a call on it look whether it would wait? */
static inline bool may_wait_in(void)
{
    return green__patched(GREEN_PATCH_STDIO);
}

static inline bool is_held_by_any(void)
{
    return atomic_load_explicit(&green__holds, memory_order_relaxed) > 0;
}

#endif

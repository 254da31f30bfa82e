/* SPDX-License-Identifier: MIT */
/* patched.c - what patched calls do that plain ones do not: they end when their
 * descriptor does, by a kill, and when a scope's time is up. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <green.h>

static char place[] = "/tmp/green_patched_XXXXXX";
static int ends[2];

static void expect(bool so, const char *what)
{
    if (so)
        return;
    fprintf(stderr, "not so: %s\n", what);
    exit(1);
}

static void *read_end(void *what)
{
    char byte;

    expect(read(ends[0], &byte, 1) == -1 && errno == EBADF, what);
    return NULL;
}

static void *lock(void *what)
{
    int fd = open("lock", O_RDWR);
    green_scope_t t;

    green_timeout_begin(&t, 20 * GREEN_MS);
    expect(flock(fd, LOCK_EX) == -1 && errno == ETIMEDOUT, what);
    expect(green_scope_end(&t), "it was the scope's time");
    close(fd);
    return NULL;
}

static void *open_fifo(void *what)
{
    expect(open("fifo", O_RDONLY) == -1 && errno == ECANCELED, what);
    return NULL;
}

static void *suspend(void *what)
{
    sigset_t none;

    sigemptyset(&none);
    expect(sigsuspend(&none) == -1 && errno == ECANCELED, what);
    return NULL;
}

/* Begin, and let it come to its wait. */
static green_t *begin(void *(*fn)(void *), const char *what)
{
    green_t *g = green_spawn(fn, (void *)(uintptr_t)what);

    green_yield();
    return g;
}

static void finish(green_t *g)
{
    green_join(g, NULL, GREEN_FOREVER);
    green_release(g);
}

static void ended_descriptors(void)
{
    green_t *g;

    expect(pipe(ends) == 0, "a pipe");
    g = begin(read_end, "dup2 ends waits on the number that it takes");
    expect(dup2(ends[1], ends[0]) == ends[0], "dup2");
    finish(g);
    expect(pipe(ends) == 0, "a pipe");
    g = begin(read_end, "close_range ends waits");
    expect(close_range((unsigned)ends[0], (unsigned)ends[0], 0) == 0,
           "close_range");
    finish(g);
}

static void ended_waits(void)
{
    int fd = open("lock", O_RDWR | O_CREAT, 0600);
    green_t *g;

    expect(flock(fd, LOCK_EX) == 0, "flock");
    finish(begin(lock, "a scope ends the wait for a lock"));
    close(fd);
    expect(mkfifo("fifo", 0600) == 0, "mkfifo");
    g = begin(open_fifo, "a kill ends the wait for a FIFO's other end");
    green_kill(g);
    finish(g);
    g = begin(suspend, "a kill ends the wait for a signal");
    green_kill(g);
    finish(g);
}

int main(void)
{
    expect(mkdtemp(place) && chdir(place) == 0, "a place for files");
    expect(green_patch_all() == 0 && green_patch_verify() == 0, "patched");
    ended_descriptors();
    ended_waits();
    unlink("fifo");
    unlink("lock");
    rmdir(place);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* sanitized.c - a program for test_sanitizers.sh: sanitized itself, with a
 * library that is not.  Its argument says what it is to do, right or wrong. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "green.h"

enum { GREENLETS = 50 };

static volatile int sink;
static volatile int zero;
static int shared;

__attribute__((noinline)) static int dive(int depth)
{
    volatile char frame[512];

    frame[depth % 512] = (char)depth;
    if (depth == 0)
        green_yield();
    return depth == 0 ? 0 : dive(depth - 1) + frame[depth % 512];
}

/* A longjmp is where a sanitizer looks at the whole stack. */
static void jump(void)
{
    jmp_buf here;

    if (setjmp(here) == 0)
        longjmp(here, 1);
}

static void *work(void *arg)
{
    int i;

    for (i = 0; i < 5; i++) {
        char *memory = malloc(100);

        snprintf(memory, 100, "%d", i);
        shared += (int)strlen(memory);
        sink = dive(20 * i);
        jump();
        green_sleep(i * GREEN_US);
        free(memory);
    }
    return arg;
}

static void right(void)
{
    green_t *gs[GREENLETS];
    int round, i;

    for (round = 0; round < 3; round++) {
        for (i = 0; i < GREENLETS; i++)
            gs[i] = green_spawn(work, NULL);
        green_joinall(gs, GREENLETS, GREEN_FOREVER);
        green_releaseall(gs, GREENLETS);
    }
}

static void *overflow(void *arg)
{
    sink = dive(1 << 30);
    return arg;
}

static void *write_beyond(void *arg)
{
    char buffer[16];

    green_yield();
    memset(buffer, 0, 16 + 1 + (size_t)zero);
    sink = buffer[zero];
    return arg;
}

__attribute__((noinline)) static char *its_frame(void)
{
    char frame[16];
    char *volatile escaped = frame;

    frame[0] = 1;
    return escaped;
}

static void *use_after_return(void *arg)
{
    char *frame = its_frame();

    green_yield();
    sink = frame[zero];
    return arg;
}

static void *use_after_free(void *arg)
{
    char *memory = malloc(16);

    free(memory);
    green_yield();
    sink = memory[zero];
    return arg;
}

static void *leak(void *arg)
{
    char *volatile memory = malloc(1234);

    memory[0] = 1;
    green_yield();
    memory = NULL;
    return arg;
}

/* Suspended for ever, with the only pointer to memory on its stack. */
static void *hold(void *arg)
{
    char *volatile memory = malloc(4321);

    memory[0] = 1;
    green_sleep(GREEN_FOREVER);
    free(memory);
    return arg;
}

static void *use_unset(void *arg)
{
    int *memory = malloc(sizeof *memory);

    green_yield();
    if (memory[zero])
        sink = 1;
    free(memory);
    return arg;
}

static void run_alone(void *(*fn)(void *))
{
    green_t *g = green_spawn(fn, NULL);

    green_join(g, NULL, fn == hold ? GREEN_MS : GREEN_FOREVER);
    green_release(g);
}

static const struct {
    const char *name;
    void *(*fn)(void *);
} wrongs[] = {{"overflow", overflow},
              {"write-beyond", write_beyond},
              {"use-after-return", use_after_return},
              {"use-after-free", use_after_free},
              {"leak", leak},
              {"hold", hold},
              {"use-unset", use_unset}};

int main(int argc, char **argv)
{
    size_t i;

    if (argc < 2)
        right();
    for (i = 0; argc > 1 && i < sizeof wrongs / sizeof *wrongs; i++)
        if (strcmp(argv[1], wrongs[i].name) == 0)
            run_alone(wrongs[i].fn);
    return 0;
}

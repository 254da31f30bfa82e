/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "inject.h"

int first_error;

static green_t *team[64];
static size_t team_size;

void failed_with(int error)
{
    if (!first_error)
        first_error = error;
}

bool went(intmax_t result)
{
    if (result < 0)
        failed_with(errno);
    return result >= 0;
}

bool made(const void *pointer)
{
    return went(pointer ? 0 : -1);
}

void end_faults(void)
{
    fault_arm(false);
}

void must_hold(bool ok, const char *what, const char *file, int line)
{
    if (ok)
        return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    _exit(3);
}

bool team_add(void *(*fn)(void *arg), void *arg)
{
    green_t *g = green_spawn(fn, arg);

    if (!made(g))
        return false;
    team[team_size++] = g;
    return true;
}

void team_end(void)
{
    size_t n = team_size;

    team_size = 0;
    if (n > 0 && !went(green_joinall(team, n, GREEN_FOREVER))) {
        green_scope_t s;

        green_shield_begin(&s, GREEN_FOREVER);
        must(green_killall(team, n, GREEN_FOREVER) == 0);
        green_scope_end(&s);
    }
    green_releaseall(team, n);
}

unsigned char flow_byte(size_t place)
{
    return (unsigned char)(place * 7 + place / 251);
}

void *flow_send(void *arg)
{
    struct flow *f = arg;
    unsigned char bytes[1000];
    ssize_t r = 0;

    while (f->sent < f->n && r >= 0) {
        size_t part =
            f->n - f->sent < sizeof bytes ? f->n - f->sent : sizeof bytes;

        for (size_t i = 0; i < part; i++)
            bytes[i] = flow_byte(f->sent + i);
        r = green_write(f->to, bytes, part);
        if (went(r))
            f->sent += (size_t)r;
    }
    went(green_close(f->to));
    return NULL;
}

void *flow_receive(void *arg)
{
    struct flow *f = arg;
    unsigned char bytes[700];
    ssize_t r;

    while (went(r = green_read(f->from, bytes, sizeof bytes)) && r > 0) {
        for (ssize_t i = 0; i < r; i++)
            must(bytes[i] == flow_byte(f->arrived + (size_t)i));
        f->arrived += (size_t)r;
    }
    f->ended = r == 0;
    went(green_close(f->from));
    return NULL;
}

void flow_check(const struct flow *f)
{
    must(f->arrived <= f->n);
    must(!f->ended || f->arrived == f->sent);
    must(first_error != 0 || f->arrived == f->n);
}

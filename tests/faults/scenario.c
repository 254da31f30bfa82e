/* SPDX-License-Identifier: MIT */
#include "scenario.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "inject.h"

int first_error;

static green_t *team[64];
static struct member {
    void *(*fn)(void *arg);
    void *arg;
} members[64];
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

static void *run_member(void *arg)
{
    struct member *m = arg;
    green_scope_t s;

    green_timeout_begin(&s, GREEN_FOREVER); /* for kills.c to let it expire */
    m->fn(m->arg);
    green_scope_end(&s);
    return NULL;
}

bool team_add(void *(*fn)(void *arg), void *arg)
{
    struct member *m = &members[team_size];

    *m = (struct member){fn, arg};
    team[team_size] = green_spawn(run_member, m);
    if (!made(team[team_size]))
        return false;
    team_size++;
    return true;
}

void others_end(void)
{
    green_scope_t s;
    green_stats_t stats;

    green_shield_begin(&s, GREEN_FOREVER);
    while (green_stats(&stats) == 0 &&
           stats.greenlets > (green_id(green_self()) == 1 ? 1 : 2))
        must(green_sleep(GREEN_MS) == 0);
    green_scope_end(&s);
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

void pool_end(green_pool_t *pool)
{
    green_scope_t s;

    green_shield_begin(&s, GREEN_FOREVER);
    must(green_pool_kill(pool, GREEN_FOREVER) == 0 ||
         !green_has_hub()); /* never were members */
    green_scope_end(&s);
    green_pool_destroy(pool);
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

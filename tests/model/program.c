/* SPDX-License-Identifier: MIT */
/* program.c - what programs and logs are made of, and how they are compared. */
#include "program.h"

#include <stdio.h>
#include <string.h>

static const char *const verbs[VERBS] = {
    "spawn",      "yield",       "sleep",      "join",        "get_result",
    "join_any",   "kill",        "timeout",    "shield",      "scope_end",
    "sem_wait",   "sem_post",    "lock",       "unlock",      "cond_wait",
    "signal",     "broadcast",   "event_set",  "event_clear", "event_wait",
    "put",        "get",         "peek",       "close",       "task_done",
    "queue_join", "select",      "defer",      "local",       "pool_spawn",
    "pool_close", "exit",        "fail",       "rdlock",      "wrlock",
    "rw_unlock",  "rlock",       "runlock",    "barrier",     "add",
    "done",       "all_done",    "set_future", "fail_future", "get_future",
    "link",       "group_spawn", "group_join"};
static const char *const cases[CASE_KINDS] = {"get",   "put",  "sem",
                                              "event", "join", "timer"};
static const char *const others[] = {"began", "deferred", "destroyed", "ended",
                                     "run"};

int late_by(int time)
{
    return time % 4 == 3 ? 1 : time % 8 == 5 ? 3 : 0;
}

/* Mostly short, sometimes none, sometimes without end. */
static int8_t time_of(uint8_t byte)
{
    byte %= 16;
    return byte < 2 ? 0 : byte < 6 ? FOREVER : (int8_t)(byte % LONGEST + 1);
}

static struct step decode_step(const uint8_t *b)
{
    struct step s = {
        .verb = b[1] % VERBS, .object = b[2], .time = time_of(b[3])};

    if (s.verb == SHIELD && s.time == FOREVER)
        s.time = LONGEST; /* or no kill could ever end its waits */
    s.n_cases = (uint8_t)(b[3] / 16 % CASES + 1);
    for (int i = 0; i < CASES; i++) {
        s.cases[i].kind = b[4 + i] % CASE_KINDS;
        s.cases[i].object = b[4 + i] / CASE_KINDS;
        s.cases[i].time = (int8_t)(b[4 + i] / CASE_KINDS % LONGEST + 1);
    }
    return s;
}

int program_decode(struct program *p, const uint8_t *bytes, size_t n)
{
    int steps = 0;

    memset(p, 0, sizeof *p);
    for (; n >= 4 + CASES; n -= 4 + CASES, bytes += 4 + CASES) {
        int actor = bytes[0] % ACTORS;

        if (p->n[actor] == STEPS)
            continue;
        p->steps[actor][p->n[actor]++] = decode_step(bytes);
        steps++;
    }
    return steps;
}

static void print_step(const struct step *s)
{
    printf("  %s", verbs[s->verb]);
    if (s->verb == SELECT)
        for (int i = 0; i < s->n_cases; i++)
            printf(" %s:%d:%d", cases[s->cases[i].kind], s->cases[i].object,
                   s->cases[i].time);
    printf(" %d for %d\n", s->object, s->time);
}

void program_print(const struct program *p)
{
    for (int a = 0; a < ACTORS; a++) {
        if (p->n[a])
            printf("actor %d\n", a);
        for (int i = 0; i < p->n[a]; i++)
            print_step(&p->steps[a][i]);
    }
}

void log_print(const struct log *l, int from)
{
    for (int i = from < 0 ? 0 : from; i < l->n; i++) {
        const struct line *x = &l->lines[i];

        printf("  %d: actor %d step %d %s: %d item %d at %d\n", i, x->actor,
               x->step, x->step >= STEPS ? others[x->step - STEPS] : "",
               x->result, x->item, x->time);
    }
}

bool program_agrees(const struct program *p, bool print)
{
    static struct log ours, theirs;
    int i = 0;

    run_by_green(p, &ours);
    run_by_model(p, &theirs);
    while (i < ours.n && i < theirs.n &&
           memcmp(&ours.lines[i], &theirs.lines[i], sizeof(struct line)) == 0)
        i++;
    if (i == ours.n && i == theirs.n)
        return true;
    if (print) {
        program_print(p);
        printf("libgreen:\n");
        log_print(&ours, i - 4);
        printf("model:\n");
        log_print(&theirs, i - 4);
    }
    return false;
}

/* SPDX-License-Identifier: MIT */
/* test_dump.c - what green_dump and green_stats tell. */
#include "support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static green_event_t event;
static green_sem_t sem;
static green_mutex_t mutex, own;
static green_cond_t cond;
static green_queue_t empty, full;
static int fds[2];

/* ---- one that waits for each kind of thing ---- */

static void *wait_event(void *arg)
{
    return (void *)(intptr_t)green_event_wait(arg, GREEN_FOREVER);
}

static void *wait_sem(void *arg)
{
    return (void *)(intptr_t)green_sem_wait(arg, GREEN_FOREVER);
}

static void *lock_mutex(void *arg)
{
    return (void *)(intptr_t)green_mutex_lock(arg, GREEN_FOREVER);
}

static void *wait_cond(void *arg)
{
    check_equal(green_mutex_lock(&own, GREEN_FOREVER), 0);
    check_fails(green_cond_wait(arg, &own, GREEN_FOREVER), ECANCELED);
    green_mutex_unlock(&own);
    return NULL;
}

static void *get(void *arg)
{
    char item;

    return (void *)(intptr_t)green_queue_get(arg, &item, GREEN_FOREVER);
}

static void *put(void *arg)
{
    return (void *)(intptr_t)green_queue_put(arg, "b", GREEN_FOREVER);
}

static void *join_queue(void *arg)
{
    return (void *)(intptr_t)green_queue_join(arg, GREEN_FOREVER);
}

static void *read_fd(void *arg)
{
    char byte;

    return (void *)(intptr_t)green_read(*(int *)arg, &byte, 1);
}

static void *sleep_long(void *arg)
{
    green_sleep(3600 * GREEN_SEC);
    return arg;
}

static void *join_main(void *arg)
{
    return (void *)(intptr_t)green_join(arg, NULL, GREEN_FOREVER);
}

struct parked {
    const char *name;
    void *(*fn)(void *arg);
    void *arg;
    const char *words; /* that its line contains */
    green_t *greenlet;
};

static void park_all(struct parked *all, size_t n)
{
    green_event_init(&event);
    green_sem_init(&sem, 0);
    green_mutex_init(&mutex);
    green_mutex_init(&own);
    green_cond_init(&cond);
    green_queue_init(&empty, 1, 1);
    green_queue_init(&full, 1, 1);
    make_pipe(fds);
    check_equal(green_queue_put(&full, "a", 0), 0);
    check_equal(green_mutex_lock(&mutex, 0), 0);
    for (size_t i = 0; i < n; i++) {
        green_options_t options = {.name = all[i].name};

        all[i].greenlet = green_spawn_with(&options, all[i].fn, all[i].arg);
    }
    settle();
}

static void free_all(struct parked *all, size_t n)
{
    green_mutex_unlock(&mutex);
    for (size_t i = 0; i < n; i++)
        end_by_kill(all[i].greenlet);
    green_queue_destroy(&empty);
    green_queue_destroy(&full);
    close_both(fds);
}

static void dump_to(char *report, size_t room)
{
    ssize_t n;
    int out[2];

    make_pipe(out);
    green_dump(out[1]);
    close(out[1]);
    n = read(out[0], report, room - 1);
    check(n > 0);
    report[n > 0 ? n : 0] = '\0';
    close(out[0]);
}

/* The line that contains the name, cut out of the report. */
static const char *line_of(const char *report, const char *name)
{
    static char line[512];
    const char *found = strstr(report, name), *start = found;

    if (!found)
        return "";
    while (start > report && start[-1] != '\n')
        start--;
    snprintf(line, sizeof line, "%.*s", (int)strcspn(start, "\n"), start);
    return line;
}

static void check_contains(const char *line, const char *words)
{
    if (!strstr(line, words))
        check_text(line, words);
}

static void each_line_says_who_waits_for_what(void **state)
{
    struct parked all[] = {{"eve", wait_event, &event, "event", NULL},
                           {"sam", wait_sem, &sem, "sem", NULL},
                           {"max", lock_mutex, &mutex, "mutex", NULL},
                           {"con", wait_cond, &cond, "cond", NULL},
                           {"gus", get, &empty, "get", NULL},
                           {"pia", put, &full, "put", NULL},
                           {"joe", join_queue, &full, "queue", NULL},
                           {"rea", read_fd, &fds[0], "read", NULL},
                           {"zoe", sleep_long, NULL, "sleep", NULL},
                           {"jan", join_main, NULL, "join", NULL}};
    char report[8192];

    (void)state;
    all[9].arg = green_self();
    park_all(all, ARRAY_SIZE(all));
    dump_to(report, sizeof report);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        const char *line = line_of(report, all[i].name);
        char number[32];

        snprintf(number, sizeof number, "#%ju ",
                 (uintmax_t)green_id(all[i].greenlet));
        check_contains(line, all[i].words);
        check_contains(line, number);
        check_contains(line, "by #1 at 0x");
    }
    free_all(all, ARRAY_SIZE(all));
}

static void objects_are_named_by_address_descriptors_by_number(void **state)
{
    struct parked all[] = {{"eve", wait_event, &event, "", NULL},
                           {"rea", read_fd, &fds[0], "", NULL}};
    char report[8192], expected[64];

    (void)state;
    park_all(all, 2);
    dump_to(report, sizeof report);
    snprintf(expected, sizeof expected, "%p", (void *)&event);
    check_contains(line_of(report, "eve"), expected);
    snprintf(expected, sizeof expected, " %d ", fds[0]);
    check_contains(line_of(report, "rea"), expected);
    free_all(all, 2);
}

static void main_is_in_it_and_there_is_a_line_for_each(void **state)
{
    char report[8192];
    int lines = 0;
    green_t *g;

    (void)state;
    g = spawn(return_argument, NULL);
    dump_to(report, sizeof report);
    for (const char *at = report; *at; at++)
        lines += strncmp(at, "\n  #", 4) == 0;
    check_equal(lines, 2);
    check_contains(line_of(report, "#1 "), "main");
    finish(g);
}

static void dumping_to_nowhere_is_harmless(void **state)
{
    (void)state;
    green_dump(-1);
}

/* ---- stats ---- */

static void the_figures_follow_what_happens(void **state)
{
    green_stats_t before, after;
    green_t *gs[2];

    (void)state;
    check_equal(green_stats(&before), 0);
    gs[0] = spawn(sleep_long, NULL);
    gs[1] = spawn(return_argument, NULL);
    green_stats(&after);
    check_equal(after.greenlets, before.greenlets + 2);
    check_equal(after.spawned, before.spawned + 2);
    check_equal(after.ready, 2);
    check_equal(after.switches, before.switches);
    settle();
    green_stats(&after);
    check_equal(after.greenlets, before.greenlets + 1);
    check_equal(after.ready, 0);
    check_equal(after.timers, before.timers + 1);
    check(after.switches > before.switches);
    check(after.stacks_cached > 0);
    end_by_kill(gs[0]);
    finish(gs[1]);
    green_stats(&after);
    check_equal(after.greenlets, before.greenlets);
    check_equal(after.timers, before.timers);
}

static void nowhere_to_put_the_figures_is_EINVAL(void **state)
{
    (void)state;
    check_fails(green_stats(NULL), EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(each_line_says_who_waits_for_what),
        green_test(objects_are_named_by_address_descriptors_by_number),
        green_test(main_is_in_it_and_there_is_a_line_for_each),
        green_test(dumping_to_nowhere_is_harmless),
        green_test(the_figures_follow_what_happens),
        green_test(nowhere_to_put_the_figures_is_EINVAL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

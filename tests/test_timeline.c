/* SPDX-License-Identifier: MIT */
/* test_timeline.c - recordings of what greenlets do.  Whether their slices fit
 * together is for tools/check_timeline.py to say. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sys.h"

static char path[] = "/tmp/timeline.XXXXXX";
static char recorded[1 << 20];

static void start_anew(void)
{
    check_equal(green_trace_start(path), 0);
}

/* The whole file, of which the tests look at parts. */
static const char *stop_and_read(void)
{
    FILE *file;
    size_t n;

    check_equal(green_trace_stop(), 0);
    file = fopen(path, "r");
    check(file != NULL);
    n = fread(recorded, 1, sizeof recorded - 1, file);
    recorded[n] = '\0';
    fclose(file);
    check(n > 4 && strcmp(recorded + n - 3, "\n]\n") == 0);
    return recorded;
}

static void check_has(const char *part)
{
    if (!strstr(recorded, part))
        check_text(recorded, part);
}

static void check_has_not(const char *part)
{
    if (strstr(recorded, part))
        check_text(recorded, part);
}

static green_t *spawn_named(const char *name, void *(*fn)(void *arg), void *arg)
{
    green_options_t options = {.name = name};

    return green_spawn_with(&options, fn, arg);
}

/* ---- what is recorded ---- */

static void *read_byte(void *fd)
{
    char byte;

    check_equal(green_read(*(int *)fd, &byte, 1), 1);
    return NULL;
}

static void each_slice_says_who_ran_and_why_it_stopped(void **state)
{
    int fds[2];
    green_t *gs[2];

    (void)state;
    make_pipe(fds);
    start_anew();
    gs[0] = spawn_named("worker", sleep_forever, NULL);
    gs[1] = spawn_named("reader", read_byte, &fds[0]);
    green_yield();
    green_kill(gs[0]);
    check_equal(write(fds[1], "x", 1), 1);
    finish_all(gs, 2);
    stop_and_read();
    check_has("\"name\": \"process_name\", \"args\": {\"name\": \"hub 1\"}");
    check_has("\"name\": \"thread_name\", \"args\": {\"name\": \"worker\"}");
    check_has("\"name\": \"main\", \"args\": {\"then\": \"yielded\"}");
    check_has("\"name\": \"worker\", \"args\": {\"then\": \"sleeping\"}");
    check_has("\"name\": \"worker\", \"args\": {\"then\": \"ended\"}");
    check_has("\"then\": \"waiting to read from descriptor ");
    check_has("\"name\": \"main\", \"args\": {\"then\": \"running\"}");
    close_both(fds);
}

static void time_at_rest_is_nobodys(void **state)
{
    (void)state;
    clock_take();
    start_anew();
    clock_turn(5 * GREEN_US);
    check_equal(green_sleep(2 * GREEN_SEC), 0);
    clock_turn(7 * GREEN_US);
    check_equal(green_sleep(GREEN_MS), 0);
    stop_and_read();
    check_has("\"dur\": 5.000, \"name\": \"main\"");
    check_has("\"dur\": 2000000.000, \"name\": \"rest\"");
    check_has("\"dur\": 7.000, \"name\": \"main\"");
    check_has("\"dur\": 1000.000, \"name\": \"rest\"");
    check_has("\"dur\": 0.000, \"name\": \"main\", \"args\": {\"then\": "
              "\"running\"}");
}

static void names_are_made_fit_for_the_file(void **state)
{
    (void)state;
    start_anew();
    finish(spawn_named("say \"a\\b\"\n\xc3\xa4\xf0\x9f\x8c\xb1 \xff\xc3x",
                       return_argument, NULL));
    finish(spawn(return_argument, NULL));
    stop_and_read();
    check_has("{\"name\": \"say \\u0022a\\u005cb\\u0022\\u000a"
              "\\u00e4\\ud83c\\udf31 ??x\"}");
    check_has("{\"name\": \"greenlet ");
}

static void a_long_name_is_cut_off(void **state)
{
    char name[2000];

    (void)state;
    memset(name, '\n', sizeof name);
    name[sizeof name - 1] = '\0';
    start_anew();
    finish(spawn_named(name, return_argument, NULL));
    stop_and_read();
    check_has("\\u000a\", \"args\": {\"then\": \"ended\"}}");
}

static void a_second_recording_begins_anew(void **state)
{
    (void)state;
    start_anew();
    finish(spawn_named("first", return_argument, NULL));
    stop_and_read();
    check_has("first");
    finish(spawn_named("between", return_argument, NULL));
    start_anew();
    finish(spawn_named("second", return_argument, NULL));
    stop_and_read();
    check_has_not("first");
    check_has_not("between");
    check_has("second");
    check_has("{\"name\": \"main\"}");
}

static void many_events_are_written_as_they_come(void **state)
{
    int n = 0;

    (void)state;
    start_anew();
    for (int i = 0; i < 1000; i++)
        finish(spawn_named("one of many", return_argument, NULL));
    stop_and_read();
    for (const char *at = recorded; (at = strstr(at, "\"ended\"")); at++)
        n++;
    check_equal(n, 1000);
}

/* ---- threads ---- */

static void *in_another_hub(void *told)
{
    green_set_name("visitor");
    check_equal(green_yield(), 0);
    check_equal(write(*(int *)told, "x", 1), 1);
    return NULL;
}

static void hubs_of_other_threads_take_part(void **state)
{
    green_hub_t *hub = green_hub_start();
    int told[2];
    char byte;

    (void)state;
    make_pipe(told);
    start_anew();
    check_equal(green_spawn_on(hub, in_another_hub, &told[1]), 0);
    check_equal(green_read(told[0], &byte, 1), 1);
    check_equal(green_hub_stop(hub, GREEN_FOREVER), 0);
    stop_and_read();
    check_has("{\"name\": \"hub 2\"}");
    check_has("\"pid\": 2, \"tid\": 1, \"name\": \"thread_name\"");
    check_has("{\"name\": \"visitor\"}");
    close_both(told);
}

static void *live_briefly(void *arg)
{
    finish(spawn_named("guest", return_argument, NULL));
    return arg;
}

static void a_thread_may_come_and_go(void **state)
{
    pthread_t thread;

    (void)state;
    start_anew();
    check_equal(pthread_create(&thread, NULL, live_briefly, NULL), 0);
    check_equal(pthread_join(thread, NULL), 0);
    stop_and_read();
    check_has("{\"name\": \"hub 2\"}");
    check_has("\"name\": \"guest\", \"args\": {\"then\": \"ended\"}");
    check_has("\"name\": \"main\", \"args\": {\"then\": \"ended\"}");
}

static void a_hub_learns_by_itself_that_a_recording_is_over(void **state)
{
    green_hub_t *hub = green_hub_start();

    (void)state;
    start_anew();
    stop_and_read();
    check_equal(green_hub_stop(hub, GREEN_FOREVER), 0);
}

static void record_as_child(void *arg)
{
    (void)arg;
    finish(spawn_named("child", return_argument, NULL));
    check_equal(green_trace_stop(), 0);
    check_equal(green_trace_start("/dev/null"), 0);
    finish(spawn_named("child", return_argument, NULL));
    check_equal(green_trace_stop(), 0);
}

static void a_child_leaves_the_recording_to_its_parent(void **state)
{
    (void)state;
    start_anew();
    finish(spawn_named("parent", return_argument, NULL));
    check_in_child(record_as_child, NULL);
    stop_and_read();
    check_has("parent");
    check_has_not("child");
}

/* ---- what goes wrong ---- */

static void there_is_one_recording_at_a_time(void **state)
{
    (void)state;
    start_anew();
    check_fails(green_trace_start(path), EBUSY);
    stop_and_read();
    check_equal(green_trace_stop(), 0);
}

static void *no_malloc(size_t size)
{
    (void)size;
    errno = ENOMEM;
    return NULL;
}

static void what_cannot_be_begun_is_refused(void **state)
{
    struct sys usual = green__sys;

    (void)state;
    check_fails(green_trace_start(NULL), EINVAL);
    check_fails(green_trace_start("/nowhere/at/all"), ENOENT);
    green__sys.malloc = no_malloc;
    check_fails(green_trace_start(path), ENOMEM);
    green__sys = usual;
    start_anew();
    stop_and_read();
}

static int writes_left;

/* Interrupted, short, then no more. */
static ssize_t failing_write(int fd, const void *bytes, size_t n)
{
    if (writes_left-- > 0) {
        if (writes_left % 2)
            return write(fd, bytes, n > 10 ? 10 : n);
        errno = EINTR;
        return -1;
    }
    errno = ENOSPC;
    return -1;
}

static void a_full_disk_is_told_at_the_end(void **state)
{
    struct sys usual = green__sys;

    (void)state;
    start_anew();
    green__sys.write = failing_write;
    writes_left = 6;
    for (int i = 0; i < 1000; i++)
        finish(spawn(return_argument, NULL));
    check_fails(green_trace_stop(), ENOSPC);
    green__sys = usual;
    check_equal(green_trace_stop(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(each_slice_says_who_ran_and_why_it_stopped),
        green_test(time_at_rest_is_nobodys),
        green_test(names_are_made_fit_for_the_file),
        green_test(a_long_name_is_cut_off),
        green_test(a_second_recording_begins_anew),
        green_test(many_events_are_written_as_they_come),
        green_test(hubs_of_other_threads_take_part),
        green_test(a_thread_may_come_and_go),
        green_test(a_hub_learns_by_itself_that_a_recording_is_over),
        green_test(a_child_leaves_the_recording_to_its_parent),
        green_test(there_is_one_recording_at_a_time),
        green_test(what_cannot_be_begun_is_refused),
        green_test(a_full_disk_is_told_at_the_end),
    };
    int failed;

    close(mkstemp(path));
    green_hub(); /* makes a pipe */
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}

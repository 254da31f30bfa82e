/* SPDX-License-Identifier: MIT */
/* test_sched.c - who runs next, and that nobody can keep the others from it. */
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- order ---- */

static void *three_steps(void *name)
{
    for (char step = 'A'; step <= 'C'; step++) {
        note("%s%c", (const char *)name, step);
        check_equal(green_yield(), 0);
    }
    return NULL;
}

/* gevent: test__order.py TestSleep0 */
static void yielding_is_strict_round_robin(void **state)
{
    green_t *gs[3];

    (void)state;
    gs[0] = spawn(three_steps, text("1"));
    gs[1] = spawn(three_steps, text("2"));
    gs[2] = spawn(three_steps, text("3"));
    finish_all(gs, 3);
    check_log("1A 2A 3A 1B 2B 3B 1C 2C 3C");
}

static void yielding_alone_returns(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        check_equal(green_yield(), 0);
}

static void *wait_and_note(void *event)
{
    check_equal(green_event_wait(event, GREEN_FOREVER), 0);
    note("woken");
    return NULL;
}

static void woken_and_spawned_greenlets_share_one_queue(void **state)
{
    green_event_t event = GREEN_EVENT_INIT;
    green_t *gs[3];

    (void)state;
    gs[0] = spawn(wait_and_note, &event);
    settle();
    gs[1] = spawn(note_argument, text("a"));
    green_event_set(&event);
    gs[2] = spawn(note_argument, text("b"));
    green_yield();
    check_log("a woken b");
    finish_all(gs, 3);
}

/* gevent: test__hub.py, sleep(0) and sleep(-1) */
static void sleeping_no_time_is_yielding(void **state)
{
    green_t *gs[2];

    (void)state;
    gs[0] = spawn(three_steps, text("1"));
    note("0");
    check_equal(green_sleep(0), 0);
    gs[1] = spawn(note_argument, text("2"));
    check_equal(green_sleep(-1), 0);
    check_log("0 1A 1B 2");
    finish_all(gs, 2);
    check_log("1C");
}

static void *count_turns(void *turns)
{
    while (*(int *)turns >= 0) {
        ++*(int *)turns;
        if (green_yield())
            break;
    }
    return NULL;
}

static void every_yielder_gets_as_many_turns(void **state)
{
    int turns[5] = {0};
    green_t *gs[5];

    (void)state;
    for (int i = 0; i < 5; i++)
        gs[i] = spawn(count_turns, &turns[i]);
    for (int i = 0; i < 1000; i++)
        green_yield();
    for (int i = 0; i < 5; i++) {
        check_equal(turns[i], 1000);
        turns[i] = -1;
    }
    finish_all(gs, 5);
}

/* ---- nobody starves while others only yield ---- */

static bool over;

static void *yield_until_over(void *arg)
{
    while (!over)
        check_equal(green_yield(), 0);
    return arg;
}

/* Two greenlets yield until `last` sets over and ends. */
static void yield_during(void *(*last)(void *arg), void *arg)
{
    green_t *gs[3];

    over = false;
    gs[0] = spawn(yield_until_over, NULL);
    gs[1] = spawn(yield_until_over, NULL);
    gs[2] = spawn(last, arg);
    finish_all(gs, 3);
}

static void *sleep_until_over(void *arg)
{
    for (int i = 0; i < 3; i++)
        check_equal(green_sleep(GREEN_MS), 0);
    over = true;
    return arg;
}

/* gevent: test__sleep0.py; rule O7 */
static void timers_are_served_while_others_only_yield(void **state)
{
    (void)state;
    yield_during(sleep_until_over, NULL);
}

static void *time_out_until_over(void *arg)
{
    green_event_t never = GREEN_EVENT_INIT;

    check_fails(green_event_wait(&never, GREEN_MS), ETIMEDOUT);
    over = true;
    return arg;
}

static void timeouts_are_served_while_others_only_yield(void **state)
{
    (void)state;
    yield_during(time_out_until_over, NULL);
}

static void *write_late(void *fd)
{
    usleep(1000);
    return (void *)(intptr_t)write(*(int *)fd, "x", 1);
}

static void *read_until_over(void *arg)
{
    int fds[2];
    char byte;
    pthread_t writer;

    make_pipe(fds);
    check_equal(pthread_create(&writer, NULL, write_late, &fds[1]), 0);
    check_equal(green_read(fds[0], &byte, 1), 1);
    pthread_join(writer, NULL);
    close_both(fds);
    over = true;
    return arg;
}

static void descriptors_are_served_while_others_only_yield(void **state)
{
    (void)state;
    yield_during(read_until_over, NULL);
}

/* ---- nobody starves while others never have to wait ---- */

static int zero_fd;

static void *read_without_waiting(void *arg)
{
    char bytes[16];

    while (!over)
        check_equal(green_read(zero_fd, bytes, sizeof bytes), sizeof bytes);
    return arg;
}

/* gevent: rule F8, where it is found wanting */
static void reading_what_is_always_there_gives_way(void **state)
{
    green_t *gs[2];

    (void)state;
    over = false;
    zero_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    gs[0] = spawn(read_without_waiting, NULL);
    gs[1] = spawn(sleep_until_over, NULL);
    finish_all(gs, 2);
    green_close(zero_fd);
}

static void *chat_without_waiting(void *arg)
{
    int fds[2];
    char byte = 'x';

    make_pair(fds);
    while (!over) {
        check_equal(green_send(fds[0], &byte, 1, 0), 1);
        check_equal(green_recv(fds[1], &byte, 1, 0), 1);
    }
    close_both(fds);
    return arg;
}

static void a_chatty_peer_gives_way(void **state)
{
    green_t *gs[2];

    (void)state;
    over = false;
    gs[0] = spawn(chat_without_waiting, NULL);
    gs[1] = spawn(sleep_until_over, NULL);
    finish_all(gs, 2);
}

static green_queue_t queue = GREEN_QUEUE_INIT(int, 1);

static void *put_for_ever(void *arg)
{
    int item = 1;

    while (green_queue_put(&queue, &item, GREEN_FOREVER) == 0)
        continue;
    check_equal(errno, EPIPE);
    return arg;
}

static void *get_for_ever(void *arg)
{
    int item;

    while (green_queue_get(&queue, &item, GREEN_FOREVER) == 0)
        continue;
    check_equal(errno, EPIPE);
    return arg;
}

/* gevent: rule O7; two that always wake each other */
/* ---- order, whatever the speed ---- */

/* All writers together use their credit up, to the last of it. */
enum { WRITERS = 3, WRITES = 512 };

static char turns[WRITERS * WRITES + 1];
static int64_t time_for_a_write;

static void *write_and_take_turns(void *letter)
{
    int fds[2];
    char byte;

    make_pair(fds);
    for (int i = 0; i < WRITES; i++) {
        clock_turn(time_for_a_write);
        check_equal(green_write(fds[0], letter, 1), 1);
        check_equal(green_read(fds[1], &byte, 1), 1);
        turns[strlen(turns)] = byte;
    }
    close_both(fds);
    return NULL;
}

static const char *turns_of_writers(int64_t time)
{
    static char letters[] = "abc";
    green_t *gs[WRITERS];

    memset(turns, 0, sizeof turns);
    time_for_a_write = time;
    for (int i = 0; i < WRITERS; i++)
        gs[i] = spawn(write_and_take_turns, &letters[i]);
    finish_all(gs, WRITERS);
    return turns;
}

static void
the_order_of_calls_that_never_wait_is_that_of_any_speed(void **state)
{
    static const int64_t times[] = {GREEN_US, 10 * GREEN_MS, 50 * GREEN_US};
    char first[sizeof turns];

    (void)state;
    clock_take();
    memcpy(first, turns_of_writers(0), sizeof turns);
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        check_text(turns_of_writers(times[i]), first);
}

static void two_that_wake_each_other_leave_room_for_timers(void **state)
{
    green_t *gs[3];

    (void)state;
    gs[0] = spawn(put_for_ever, NULL);
    gs[1] = spawn(get_for_ever, NULL);
    gs[2] = spawn(sleep_until_over, NULL);
    check_equal(green_join(gs[2], NULL, GREEN_FOREVER), 0);
    green_queue_discard(&queue);
    finish_all(gs, 3);
    green_queue_destroy(&queue);
}

static void *compute_until_over(void *arg)
{
    while (!over)
        check_equal(green_checkpoint(), 0);
    return arg;
}

static void a_computation_with_checkpoints_gives_way(void **state)
{
    green_t *gs[2];

    (void)state;
    over = false;
    gs[0] = spawn(compute_until_over, NULL);
    gs[1] = spawn(sleep_until_over, NULL);
    finish_all(gs, 2);
}

static void *compute_for_ever(void *arg)
{
    while (green_checkpoint() == 0)
        continue;
    *(int *)arg = errno;
    return NULL;
}

static void a_computation_with_checkpoints_can_be_killed(void **state)
{
    int error = 0;
    green_t *g = spawn(compute_for_ever, &error);

    (void)state;
    green_yield();
    check(!green_ready(g));
    green_kill(g);
    finish_all(&g, 1);
    check_equal(error, ECANCELED);
}

static void a_computation_with_checkpoints_can_be_bounded(void **state)
{
    green_scope_t scope;
    int error = 0;

    (void)state;
    green_timeout_begin(&scope, GREEN_MS);
    compute_for_ever(&error);
    check(green_scope_end(&scope));
    check_equal(error, ETIMEDOUT);
    check_equal(green_checkpoint(), 0);
}

/* ---- the end of main ---- */

static void *print_when_run(void *fd)
{
    return (void *)(intptr_t)write(*(int *)fd, "ran", 3);
}

/* gevent: rule S5 */
static void the_end_of_main_ends_the_process_whatever_is_left(void **state)
{
    int fds[2], status = -1;
    char byte;
    pid_t child;

    (void)state;
    make_pipe(fds);
    fflush(NULL);
    child = fork();
    if (child == 0) {
        spawn(print_when_run, &fds[1]);
        _exit(3);
    }
    close(fds[1]);
    check_equal(read(fds[0], &byte, 1), 0);
    close(fds[0]);
    check(waitpid(child, &status, 0) == child);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(yielding_is_strict_round_robin),
        green_test(yielding_alone_returns),
        green_test(woken_and_spawned_greenlets_share_one_queue),
        green_test(sleeping_no_time_is_yielding),
        green_test(every_yielder_gets_as_many_turns),
        green_test(timers_are_served_while_others_only_yield),
        green_test(timeouts_are_served_while_others_only_yield),
        green_test(descriptors_are_served_while_others_only_yield),
        green_test(reading_what_is_always_there_gives_way),
        green_test(a_chatty_peer_gives_way),
        green_test(the_order_of_calls_that_never_wait_is_that_of_any_speed),
        green_test(two_that_wake_each_other_leave_room_for_timers),
        green_test(a_computation_with_checkpoints_gives_way),
        green_test(a_computation_with_checkpoints_can_be_killed),
        green_test(a_computation_with_checkpoints_can_be_bounded),
        green_test(the_end_of_main_ends_the_process_whatever_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

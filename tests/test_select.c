/* SPDX-License-Identifier: MIT */
/* test_select.c - wait for the first of several: exactly one case happens. */
#include "support.h"

#include <unistd.h>

static green_event_t event;
static green_sem_t sem;
static green_queue_t queue, full;
static green_t *sleeper;
static int fds[2];
static char item;

static void *die_quietly(void *arg)
{
    check_fails(green_sleep(GREEN_FOREVER), ECANCELED);
    return arg;
}

static void set_up(void)
{
    clock_take();
    sleeper = spawn(die_quietly, NULL);
    settle();
    make_pair(fds);
    green_event_init(&event);
    green_sem_init(&sem, 0);
    green_queue_init(&queue, 1, 1);
    green_queue_init(&full, 1, 1);
    check_equal(green_queue_put(&full, "f", 0), 0);
    item = '-';
}

static void tear_down(void)
{
    end_by_kill(sleeper);
    green_queue_destroy(&queue);
    green_queue_destroy(&full);
    close_both(fds);
}

/* One select over every kind of case: 0 join, 1 event, 2 sem, 3 get, 4 put,
 * 5 descriptor, 6 timer.  Notes its index and errno. */
static int select_all(int64_t timeout)
{
    green_case_t cases[] = {
        GREEN_ON_JOIN(sleeper),   GREEN_ON_EVENT(&event),
        GREEN_ON_SEM(&sem),       GREEN_ON_GET(&queue, &item),
        GREEN_ON_PUT(&full, "p"), GREEN_ON_FD(fds[0], GREEN_READ),
        GREEN_ON_TIMER(GREEN_MS)};

    return green_select(cases, ARRAY_SIZE(cases), timeout);
}

static void *select_and_note(void *arg)
{
    int index;

    errno = ENOTTY;
    index = select_all(GREEN_FOREVER);
    check_equal(errno, 0);
    note("%d", index);
    return arg;
}

/* ---- each kind, waited for ---- */

static void end_sleeper(void)
{
    green_kill(sleeper);
}

static void set_event(void)
{
    green_event_set(&event);
}

static void post_sem(void)
{
    green_sem_post(&sem);
}

static void put_item(void)
{
    check_equal(green_queue_put(&queue, "i", 0), 0);
}

static void get_full(void)
{
    char got;

    check_equal(green_queue_get(&full, &got, 0), 0);
    check_equal(got, 'f');
}

static void write_byte(void)
{
    check_equal(write(fds[1], "x", 1), 1);
}

static void let_time_pass(void)
{
    check_equal(green_sleep(GREEN_MS), 0);
}

static void (*const triggers[])(void) = {end_sleeper,  set_event, post_sem,
                                         put_item,     get_full,  write_byte,
                                         let_time_pass};

/* The permit and the items are where they belong after case `chosen`. */
static void check_moved(size_t chosen)
{
    char got = '-';

    check_equal(green_sem_value(&sem), 0);
    check_equal(green_queue_size(&queue), 0);
    check_equal(item, chosen == 3 ? 'i' : '-');
    check_equal(green_queue_get(&full, &got, 0), 0);
    check_equal(got, chosen == 4 ? 'p' : 'f');
}

static void each_kind_of_case_ends_a_select_that_waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(triggers); i++) {
        char expected[2] = {(char)('0' + i), '\0'};
        green_t *g;

        set_up();
        g = spawn(select_and_note, NULL);
        settle();
        check_log("");
        triggers[i]();
        finish(g);
        check_log(expected);
        check_moved(i);
        tear_down();
    }
}

static void each_kind_of_case_is_seen_at_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        uint64_t switches;
        int index;

        set_up();
        triggers[i]();
        settle();
        switches = count_switches();
        index = select_all(i % 2 ? 0 : GREEN_FOREVER);
        check_equal(index, i);
        check_equal(errno, 0);
        check_equal(count_switches(), switches);
        check_moved(i);
        tear_down();
    }
}

/* ---- several at once ---- */

static void
of_several_the_lowest_index_happens_and_the_others_do_not(void **state)
{
    (void)state;
    set_up();
    for (size_t i = 2; i < 6; i++)
        triggers[i]();
    check_equal(select_all(GREEN_FOREVER), 2);
    check_equal(green_sem_value(&sem), 0);
    check_equal(green_queue_size(&full), 0);
    check_equal(select_all(GREEN_FOREVER), 3);
    check_equal(item, 'i');
    check_equal(select_all(GREEN_FOREVER), 4);
    check_equal(select_all(GREEN_FOREVER), 5);
    check_equal(select_all(GREEN_FOREVER), 5);
    tear_down();
}

/* While it waits the first to happen wins; later ones keep what they have. */
static void while_it_waits_the_first_to_happen_wins(void **state)
{
    green_t *g;

    (void)state;
    set_up();
    g = spawn(select_and_note, NULL);
    settle();
    put_item();
    post_sem();
    end_sleeper();
    finish(g);
    check_log("3");
    check_equal(item, 'i');
    check_equal(green_sem_value(&sem), 1);
    tear_down();
}

static void *take_permit(void *name)
{
    note_result(name, green_sem_wait(&sem, GREEN_FOREVER));
    return NULL;
}

static void a_select_queues_with_the_others_and_leaves_no_trace(void **state)
{
    green_t *gs[3];

    (void)state;
    set_up();
    gs[0] = spawn(take_permit, text("a"));
    gs[1] = spawn(select_and_note, NULL);
    gs[2] = spawn(take_permit, text("b"));
    settle();
    post_sem();
    set_event();
    post_sem();
    finish_all(gs, 3);
    check_log("a:ok 1 b:ok");
    tear_down();
}

static void the_same_object_may_stand_in_two_cases(void **state)
{
    green_case_t cases[] = {GREEN_ON_GET(&queue, &item),
                            GREEN_ON_GET(&queue, &item), GREEN_ON_SEM(&sem),
                            GREEN_ON_SEM(&sem)};

    (void)state;
    set_up();
    check_fails(green_select(cases, 4, GREEN_MS), ETIMEDOUT);
    post_sem();
    check_equal(green_select(cases, 4, GREEN_FOREVER), 2);
    put_item();
    check_equal(green_select(cases, 4, GREEN_FOREVER), 0);
    check_equal(green_sem_value(&sem), 0);
    tear_down();
}

static void *select_put(void *channel)
{
    green_case_t put = GREEN_ON_PUT(channel, "c");

    note_result("put", green_select(&put, 1, GREEN_FOREVER));
    return NULL;
}

static void two_selects_meet_on_a_channel(void **state)
{
    green_queue_t channel = GREEN_CHANNEL_INIT(char);
    green_case_t put = GREEN_ON_PUT(&channel, "c");
    green_case_t get = GREEN_ON_GET(&channel, &item);
    green_t *g;

    (void)state;
    check_fails(green_select(&put, 1, 0), ETIMEDOUT);
    check_fails(green_select(&get, 1, 0), ETIMEDOUT);
    g = spawn(select_put, &channel);
    check_equal(green_select(&get, 1, GREEN_FOREVER), 0);
    check_equal(item, 'c');
    finish(g);
    check_log("put:ok");
}

static void *sleep_and_return(void *duration)
{
    check_equal(green_sleep(*(int64_t *)duration), 0);
    return duration;
}

/* gevent: test__iwait.py test_noiter, test__issue467.py */
static void greenlets_are_met_in_the_order_in_which_they_end(void **state)
{
    int64_t durations[] = {3 * GREEN_MS, GREEN_MS, 2 * GREEN_MS};
    green_case_t cases[3];
    green_t *gs[3];

    (void)state;
    clock_take();
    for (int i = 0; i < 3; i++) {
        gs[i] = spawn(sleep_and_return, &durations[i]);
        cases[i] = GREEN_ON_JOIN(gs[i]);
    }
    for (int i = 0; i < 3; i++) {
        int ended = green_select(cases, 3, GREEN_FOREVER);

        note("%d", ended);
        check(green_value(gs[ended]) == &durations[ended]);
        cases[ended] = GREEN_ON_TIMER(GREEN_FOREVER);
        check_equal(green_sleep(GREEN_US), 0);
    }
    check_log("1 2 0");
    green_releaseall(gs, 3);
}

/* ---- time ---- */

static void a_timer_beats_a_timeout_at_the_same_moment(void **state)
{
    green_case_t timer = GREEN_ON_TIMER(3 * GREEN_MS);
    int64_t start;

    (void)state;
    clock_take();
    start = green_now();
    check_equal(green_select(&timer, 1, 3 * GREEN_MS), 0);
    check_equal(green_now() - start, 3 * GREEN_MS);
    check_fails(green_select(&timer, 1, 2 * GREEN_MS), ETIMEDOUT);
    check_equal(green_now() - start, 5 * GREEN_MS);
}

static void
of_two_timers_the_earlier_happens_and_of_equals_the_first(void **state)
{
    green_case_t timers[] = {GREEN_ON_TIMER(3 * GREEN_MS),
                             GREEN_ON_TIMER(GREEN_MS),
                             GREEN_ON_TIMER(GREEN_MS)};

    (void)state;
    clock_take();
    check_equal(green_select(timers, 3, GREEN_FOREVER), 1);
    timers[2].duration = 0;
    check_equal(green_select(timers, 3, GREEN_FOREVER), 2);
}

static void no_cases_are_a_wait_for_nothing(void **state)
{
    (void)state;
    clock_take();
    check_fails(green_select(NULL, 0, 0), ETIMEDOUT);
    check_fails(green_select(NULL, 0, GREEN_MS), ETIMEDOUT);
}

/* ---- closing ---- */

static void *select_queue_and_note(void *q)
{
    green_case_t cases[] = {GREEN_ON_EVENT(&event), GREEN_ON_GET(q, &item)};
    int index = green_select(cases, 2, GREEN_FOREVER);

    check_equal(errno, EPIPE);
    note("%d", index);
    return NULL;
}

static void a_closed_queue_makes_its_case_happen_with_EPIPE(void **state)
{
    green_t *g;

    (void)state;
    set_up();
    g = spawn(select_queue_and_note, &queue);
    settle();
    green_queue_close(&queue);
    finish(g);
    check_log("1");
    tear_down();
}

static void a_closed_queue_that_has_items_still_gives_them(void **state)
{
    green_case_t cases[] = {GREEN_ON_PUT(&queue, "p"),
                            GREEN_ON_GET(&queue, &item)};

    (void)state;
    set_up();
    put_item();
    green_queue_close(&queue);
    check_equal(green_select(cases + 1, 1, 0), 0);
    check_equal(errno, 0);
    check_equal(item, 'i');
    check_equal(green_select(cases + 1, 1, 0), 0);
    check_equal(errno, EPIPE);
    check_equal(green_select(cases, 2, GREEN_FOREVER), 0);
    check_equal(errno, EPIPE);
    tear_down();
}

static void *select_fd_and_note(void *arg)
{
    green_case_t cases[] = {GREEN_ON_EVENT(&event),
                            GREEN_ON_FD(fds[0], GREEN_READ)};
    int index = green_select(cases, 2, GREEN_FOREVER);

    check_equal(errno, EBADF);
    note("%d", index);
    return arg;
}

static void a_closed_descriptor_makes_its_case_happen_with_EBADF(void **state)
{
    green_t *g;

    (void)state;
    set_up();
    g = spawn(select_fd_and_note, NULL);
    settle();
    check_equal(green_close(fds[0]), 0);
    finish(g);
    finish(spawn(select_fd_and_note, NULL));
    check_log("1 1");
    fds[0] = dup(fds[1]);
    tear_down();
}

static void joining_oneself_is_a_case_that_never_happens(void **state)
{
    green_case_t cases[] = {GREEN_ON_JOIN(green_self()),
                            GREEN_ON_TIMER(GREEN_MS)};

    (void)state;
    clock_take();
    check_equal(green_select(cases, 2, GREEN_FOREVER), 1);
}

static void arguments_nobody_could_mean_are_EINVAL(void **state)
{
    green_case_t cases[] = {GREEN_ON_EVENT(&event), GREEN_ON_SEM(NULL)};
    green_case_t no_item = GREEN_ON_GET(&queue, NULL);
    green_case_t no_kind = {.kind = 0};
    green_case_t no_event = GREEN_ON_FD(fds[0], 0);

    (void)state;
    set_up();
    check_fails(green_select(cases, -1, GREEN_FOREVER), EINVAL);
    check_fails(green_select(NULL, 1, GREEN_FOREVER), EINVAL);
    check_fails(green_select(cases, 2, GREEN_FOREVER), EINVAL);
    check_fails(green_select(&no_kind, 1, GREEN_FOREVER), EINVAL);
    check_fails(green_select(&no_item, 1, 0), EINVAL);
    no_event.fd = fds[0];
    check_fails(green_select(&no_event, 1, 0), EINVAL);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(each_kind_of_case_ends_a_select_that_waits),
        green_test(each_kind_of_case_is_seen_at_once),
        green_test(of_several_the_lowest_index_happens_and_the_others_do_not),
        green_test(while_it_waits_the_first_to_happen_wins),
        green_test(a_select_queues_with_the_others_and_leaves_no_trace),
        green_test(the_same_object_may_stand_in_two_cases),
        green_test(two_selects_meet_on_a_channel),
        green_test(greenlets_are_met_in_the_order_in_which_they_end),
        green_test(a_timer_beats_a_timeout_at_the_same_moment),
        green_test(of_two_timers_the_earlier_happens_and_of_equals_the_first),
        green_test(no_cases_are_a_wait_for_nothing),
        green_test(a_closed_queue_makes_its_case_happen_with_EPIPE),
        green_test(a_closed_queue_that_has_items_still_gives_them),
        green_test(a_closed_descriptor_makes_its_case_happen_with_EBADF),
        green_test(joining_oneself_is_a_case_that_never_happens),
        green_test(arguments_nobody_could_mean_are_EINVAL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* test_queue.c - queues of all kinds: order, waiting, closing, work done.
 * Channels are in test_channel.c. */
#include "support.h"

#include <stdint.h>
#include <string.h>

static green_queue_t queue;

static void *put_and_note(void *name)
{
    char item = *(const char *)name;

    note_result(name, green_queue_put(&queue, &item, GREEN_FOREVER));
    return NULL;
}

static void *get_and_note(void *name)
{
    char item = '-';
    int result = green_queue_get(&queue, &item, GREEN_FOREVER);

    note_result(name, result);
    note("%c", item);
    return NULL;
}

static void put_all(const char *items)
{
    for (; *items; items++)
        check_equal(green_queue_put(&queue, items, 0), 0);
}

static void check_next(char expected)
{
    char item = '-';

    check_equal(green_queue_get(&queue, &item, 0), 0);
    check_equal(item, expected);
}

static void check_rest(const char *items)
{
    for (; *items; items++)
        check_next(*items);
    check_equal(green_queue_size(&queue), 0);
}

/* ---- order ---- */

static void a_plain_queue_gives_the_oldest_first(void **state)
{
    (void)state;
    green_queue_init(&queue, 1, SIZE_MAX);
    put_all("abc");
    check_next('a');
    put_all("defghijklmnopqrstuvwxyz0123456789");
    check_equal(green_queue_size(&queue), 35);
    check_rest("bcdefghijklmnopqrstuvwxyz0123456789");
    green_queue_destroy(&queue);
}

static void a_lifo_gives_the_newest_first(void **state)
{
    (void)state;
    green_lifo_init(&queue, 1, 10);
    put_all("abc");
    check_next('c');
    put_all("d");
    check_rest("dba");
    green_queue_destroy(&queue);
}

/* Lower case before upper case, else equal: shows the order of equal ones. */
static int compare_case(const void *a, const void *b)
{
    return (*(const char *)b >= 'a') - (*(const char *)a >= 'a');
}

static void
a_priority_queue_gives_the_least_first_and_equals_in_order(void **state)
{
    (void)state;
    green_priority_init(&queue, 1, 100, compare_case);
    put_all("AbCdEfGhIjKlMnOpQrStUv");
    check_next('b');
    put_all("w");
    check_rest("dfhjlnprtvwACEGIKMOQSU");
    green_queue_destroy(&queue);
}

struct big {
    char text[100];
};

static void items_are_copied_in_and_out(void **state)
{
    green_queue_t q = GREEN_QUEUE_INIT(struct big, 2);
    struct big item = {"first"}, got;

    (void)state;
    check_equal(green_queue_put(&q, &item, 0), 0);
    strcpy(item.text, "second");
    check_equal(green_queue_put(&q, &item, 0), 0);
    memset(&item, 'x', sizeof item);
    check_equal(green_queue_get(&q, &got, 0), 0);
    check_text(got.text, "first");
    check_equal(green_queue_get(&q, &got, 0), 0);
    check_text(got.text, "second");
    green_queue_destroy(&q);
}

/* ---- waiting ---- */

/* gevent: test__queue.py test_send_first, test_send_last,
 * test_senders_that_die */
static void an_item_waits_for_its_getter_and_a_getter_for_its_item(void **state)
{
    green_t *g;

    (void)state;
    green_queue_init(&queue, 1, 1);
    finish(spawn(put_and_note, text("a")));
    check_next('a');
    g = spawn(get_and_note, text("g"));
    settle();
    put_all("b");
    check_equal(green_queue_size(&queue), 0);
    finish(g);
    check_log("a:ok g:ok b");
    green_queue_destroy(&queue);
}

/* gevent: test__queue.py test_max_size, test_put_nowait_simple */
static void putters_wait_while_it_is_full_and_go_on_in_order(void **state)
{
    green_t *gs[3];

    (void)state;
    green_queue_init(&queue, 1, 2);
    put_all("ab");
    check_fails(green_queue_put(&queue, "x", 0), ETIMEDOUT);
    gs[0] = spawn(put_and_note, text("c"));
    gs[1] = spawn(put_and_note, text("d"));
    gs[2] = spawn(put_and_note, text("e"));
    settle();
    check_equal(green_queue_size(&queue), 2);
    check_next('a');
    check_equal(green_queue_size(&queue), 2);
    settle();
    check_log("c:ok");
    check_rest("bcde");
    finish_all(gs, 3);
    check_log("d:ok e:ok");
    green_queue_destroy(&queue);
}

/* gevent: test__queue.py test_multiple_waiters, test_get_nowait_simple */
static void getters_wait_while_it_is_empty_and_go_on_in_order(void **state)
{
    green_t *gs[3];
    char item;

    (void)state;
    green_queue_init(&queue, 1, 2);
    check_fails(green_queue_get(&queue, &item, 0), ETIMEDOUT);
    gs[0] = spawn(get_and_note, text("1"));
    gs[1] = spawn(get_and_note, text("2"));
    gs[2] = spawn(get_and_note, text("3"));
    settle();
    put_all("a");
    settle();
    check_log("1:ok a");
    put_all("bc");
    finish_all(gs, 3);
    check_log("2:ok b 3:ok c");
    green_queue_destroy(&queue);
}

/* gevent: test__queue.py test_two_bogus_waiters */
static void when_all_getters_die_the_item_stays(void **state)
{
    green_t *gs[2];

    (void)state;
    green_queue_init(&queue, 1, 2);
    gs[0] = spawn(get_and_note, text("1"));
    gs[1] = spawn(get_and_note, text("2"));
    settle();
    green_kill(gs[0]);
    green_kill(gs[1]);
    put_all("a");
    finish_all(gs, 2);
    check_log("1:ECANCELED - 2:ECANCELED -");
    check_rest("a");
    green_queue_destroy(&queue);
}

static void a_killed_putter_leaves_no_item(void **state)
{
    green_t *gs[2];

    (void)state;
    green_queue_init(&queue, 1, 1);
    put_all("a");
    gs[0] = spawn(put_and_note, text("b"));
    gs[1] = spawn(put_and_note, text("c"));
    settle();
    green_kill(gs[0]);
    check_next('a');
    finish_all(gs, 2);
    check_rest("c");
    check_log("b:ECANCELED c:ok");
    green_queue_destroy(&queue);
}

static void a_putter_whose_item_was_taken_succeeds_though_killed(void **state)
{
    green_t *g;

    (void)state;
    green_queue_init(&queue, 1, 1);
    put_all("a");
    g = spawn(put_and_note, text("b"));
    settle();
    check_next('a');
    green_kill(g);
    finish(g);
    check_rest("b");
    check_log("b:ok");
    green_queue_destroy(&queue);
}

/* ---- peek ---- */

static void *peek_and_note(void *name)
{
    char item = '-';

    note_result(name, green_queue_peek(&queue, &item, GREEN_FOREVER));
    note("%c", item);
    return NULL;
}

/* gevent: test__queue.py test_peek_multi_greenlet */
static void peek_waits_for_an_item_and_leaves_it(void **state)
{
    green_t *gs[2];
    char item = '-';

    (void)state;
    green_queue_init(&queue, 1, 2);
    check_fails(green_queue_peek(&queue, &item, 0), ETIMEDOUT);
    gs[0] = spawn(peek_and_note, text("1"));
    gs[1] = spawn(peek_and_note, text("2"));
    settle();
    put_all("a");
    finish_all(gs, 2);
    check_log("1:ok a 2:ok a");
    check_equal(green_queue_peek(&queue, &item, 0), 0);
    check_equal(item, 'a');
    check_rest("a");
    green_queue_destroy(&queue);
}

static void a_peeker_before_a_getter_does_not_cost_it_the_item(void **state)
{
    green_t *gs[3];

    (void)state;
    green_queue_init(&queue, 1, 2);
    gs[0] = spawn(peek_and_note, text("peek"));
    gs[1] = spawn(get_and_note, text("get"));
    gs[2] = spawn(peek_and_note, text("late"));
    settle();
    put_all("a");
    settle();
    check_log("peek:ok a get:ok a");
    put_all("b");
    finish_all(gs, 3);
    check_log("late:ok b");
    check_rest("b");
    green_queue_destroy(&queue);
}

/* ---- close and discard ---- */

/* gevent: test__queue.py test_shutdown_all_methods_in_one_thread */
static void a_closed_queue_takes_nothing_and_gives_what_it_has(void **state)
{
    char item = '-';

    (void)state;
    green_queue_init(&queue, 1, 4);
    put_all("ab");
    green_queue_close(&queue);
    green_queue_close(&queue);
    check_fails(green_queue_put(&queue, "c", GREEN_FOREVER), EPIPE);
    check_fails(green_queue_put(&queue, "c", 0), EPIPE);
    check_equal(green_queue_peek(&queue, &item, 0), 0);
    check_rest("ab");
    check_fails(green_queue_get(&queue, &item, GREEN_FOREVER), EPIPE);
    check_fails(green_queue_get(&queue, &item, 0), EPIPE);
    check_fails(green_queue_peek(&queue, &item, GREEN_FOREVER), EPIPE);
    green_queue_destroy(&queue);
}

static void closing_turns_waiting_getters_away(void **state)
{
    green_t *gs[3];

    (void)state;
    green_queue_init(&queue, 1, 4);
    gs[0] = spawn(get_and_note, text("1"));
    gs[1] = spawn(peek_and_note, text("2"));
    gs[2] = spawn(get_and_note, text("3"));
    settle();
    green_queue_close(&queue);
    finish_all(gs, 3);
    check_log("1:EPIPE - 2:EPIPE - 3:EPIPE -");
    green_queue_destroy(&queue);
}

static void
closing_turns_waiting_putters_away_and_keeps_what_is_in(void **state)
{
    green_t *gs[2];

    (void)state;
    green_queue_init(&queue, 1, 1);
    put_all("a");
    gs[0] = spawn(put_and_note, text("b"));
    gs[1] = spawn(put_and_note, text("c"));
    settle();
    green_queue_close(&queue);
    finish_all(gs, 2);
    check_log("b:EPIPE c:EPIPE");
    check_rest("a");
    green_queue_destroy(&queue);
}

/* gevent: test__queue.py test_shutdown_all_methods_in_one_thread_immediate */
static void discard_drops_what_is_in_and_releases_joiners(void **state)
{
    green_t *g;
    char item;

    (void)state;
    green_queue_init(&queue, 1, 2);
    put_all("ab");
    g = spawn(put_and_note, text("c"));
    settle();
    green_queue_discard(&queue);
    check_equal(green_queue_size(&queue), 0);
    check_fails(green_queue_get(&queue, &item, GREEN_FOREVER), EPIPE);
    check_equal(green_queue_join(&queue, GREEN_FOREVER), 0);
    check_fails(green_queue_task_done(&queue), EINVAL);
    finish(g);
    check_log("c:EPIPE");
    green_queue_destroy(&queue);
}

/* ---- work done ---- */

static void *join_and_note(void *name)
{
    note_result(name, green_queue_join(&queue, GREEN_FOREVER));
    return NULL;
}

/* gevent: test__queue.py test_task_done, test_issue_45 */
static void join_waits_until_the_work_on_each_item_is_done(void **state)
{
    green_t *gs[2];

    (void)state;
    green_queue_init(&queue, 1, 4);
    check_equal(green_queue_join(&queue, GREEN_FOREVER), 0);
    put_all("ab");
    gs[0] = spawn(join_and_note, text("1"));
    gs[1] = spawn(join_and_note, text("2"));
    check_rest("ab");
    settle();
    check_equal(green_queue_task_done(&queue), 0);
    settle();
    check_log("");
    check_fails(green_queue_join(&queue, 0), ETIMEDOUT);
    check_equal(green_queue_task_done(&queue), 0);
    finish_all(gs, 2);
    check_log("1:ok 2:ok");
    check_fails(green_queue_task_done(&queue), EINVAL);
    green_queue_destroy(&queue);
}

static void an_item_handed_over_directly_is_work_too(void **state)
{
    green_t *g;

    (void)state;
    green_queue_init(&queue, 1, 4);
    g = spawn(get_and_note, text("g"));
    settle();
    put_all("a");
    check_fails(green_queue_join(&queue, 0), ETIMEDOUT);
    finish(g);
    check_equal(green_queue_task_done(&queue), 0);
    check_equal(green_queue_join(&queue, 0), 0);
    check_log("g:ok a");
    green_queue_destroy(&queue);
}

/* ---- misuse ---- */

static void destroy_with_a_getter(void *arg)
{
    (void)arg;
    green_queue_init(&queue, 1, 4);
    spawn(get_and_note, text("g"));
    settle();
    green_queue_destroy(&queue);
}

static void destroying_a_queue_somebody_waits_on_aborts(void **state)
{
    (void)state;
    check_aborts(destroy_with_a_getter, NULL,
                 "libgreen: green_queue_destroy: ");
}

static void no_queue_or_item_is_EINVAL(void **state)
{
    char item = 'a';

    (void)state;
    green_queue_init(&queue, 1, 4);
    check_fails(green_queue_put(NULL, &item, 0), EINVAL);
    check_fails(green_queue_put(&queue, NULL, 0), EINVAL);
    check_fails(green_queue_get(NULL, &item, 0), EINVAL);
    check_fails(green_queue_get(&queue, NULL, 0), EINVAL);
    check_fails(green_queue_peek(&queue, NULL, 0), EINVAL);
    check_fails(green_queue_task_done(NULL), EINVAL);
    check_fails(green_queue_join(NULL, GREEN_FOREVER), EINVAL);
    green_queue_close(NULL);
    green_queue_discard(NULL);
    green_queue_destroy(NULL);
    green_queue_destroy(&queue);
}

static void items_too_large_for_memory_are_ENOMEM(void **state)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 7, SIZE_MAX / 2,
                                   SIZE_MAX / 8};
    size_t i;

    (void)state;
    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        green_queue_init(&queue, sizes[i], 4);
        check_fails(green_queue_put(&queue, "", 0), ENOMEM);
        green_priority_init(&queue, sizes[i], SIZE_MAX, compare_case);
        check_fails(green_queue_put(&queue, "", GREEN_FOREVER), ENOMEM);
        check_equal(green_queue_size(&queue), 0);
        green_queue_destroy(&queue);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_plain_queue_gives_the_oldest_first),
        green_test(a_lifo_gives_the_newest_first),
        green_test(a_priority_queue_gives_the_least_first_and_equals_in_order),
        green_test(items_are_copied_in_and_out),
        green_test(an_item_waits_for_its_getter_and_a_getter_for_its_item),
        green_test(putters_wait_while_it_is_full_and_go_on_in_order),
        green_test(getters_wait_while_it_is_empty_and_go_on_in_order),
        green_test(when_all_getters_die_the_item_stays),
        green_test(a_killed_putter_leaves_no_item),
        green_test(a_putter_whose_item_was_taken_succeeds_though_killed),
        green_test(peek_waits_for_an_item_and_leaves_it),
        green_test(a_peeker_before_a_getter_does_not_cost_it_the_item),
        green_test(a_closed_queue_takes_nothing_and_gives_what_it_has),
        green_test(closing_turns_waiting_getters_away),
        green_test(closing_turns_waiting_putters_away_and_keeps_what_is_in),
        green_test(discard_drops_what_is_in_and_releases_joiners),
        green_test(join_waits_until_the_work_on_each_item_is_done),
        green_test(an_item_handed_over_directly_is_work_too),
        green_test(destroying_a_queue_somebody_waits_on_aborts),
        green_test(items_too_large_for_memory_are_ENOMEM),
        green_test(no_queue_or_item_is_EINVAL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* test_channel.c - a queue without room: each put meets a get. */
#include "support.h"

static green_queue_t channel = GREEN_CHANNEL_INIT(const char *);

static int get_word(int64_t timeout)
{
    const char *word = "nothing";
    int result = green_queue_get(&channel, &word, timeout);

    note("%s", word);
    return result;
}

static int put_word(const char *word, int64_t timeout)
{
    return green_queue_put(&channel, &word, timeout);
}

static void *get_and_note(void *name)
{
    note_result(name, get_word(GREEN_FOREVER));
    return NULL;
}

static void *put_and_note(void *word)
{
    note_result(word, put_word(word, GREEN_FOREVER));
    return NULL;
}

static void fresh(void)
{
    green_queue_init(&channel, sizeof(const char *), 0);
}

/* gevent: test__queue.py TestChannel.test_send */
static void *send_two(void *arg)
{
    note("sending");
    check_equal(put_word("hello", GREEN_FOREVER), 0);
    note("sent-hello");
    check_equal(put_word("world", GREEN_FOREVER), 0);
    note("sent-world");
    return arg;
}

static void a_put_waits_until_its_item_is_taken(void **state)
{
    green_t *g;

    (void)state;
    fresh();
    g = spawn(send_two, NULL);
    settle();
    check_log("sending");
    check_equal(get_word(GREEN_FOREVER), 0);
    check_equal(get_word(GREEN_FOREVER), 0);
    finish(g);
    check_log("hello sent-hello world sent-world");
}

static void *wait_for_two(void *arg)
{
    note("waiting");
    check_equal(get_word(GREEN_FOREVER), 0);
    check_equal(get_word(GREEN_FOREVER), 0);
    return arg;
}

/* gevent: test__queue.py TestChannel.test_wait; rule K7 */
static void a_put_that_finds_a_getter_lets_it_go_on_first(void **state)
{
    green_t *g;

    (void)state;
    fresh();
    g = spawn(wait_for_two, NULL);
    settle();
    note("sending-hello");
    check_equal(put_word("hello", GREEN_FOREVER), 0);
    note("sending-world");
    check_equal(put_word("world", GREEN_FOREVER), 0);
    note("sent-world");
    finish(g);
    check_log("waiting sending-hello hello sending-world world sent-world");
}

static void a_try_to_put_hands_over_without_giving_way(void **state)
{
    uint64_t switches;
    green_t *g;

    (void)state;
    fresh();
    check_fails(put_word("x", 0), ETIMEDOUT);
    g = spawn(get_and_note, text("g"));
    settle();
    switches = count_switches();
    check_equal(put_word("word", 0), 0);
    check_equal(count_switches(), switches);
    note("put");
    check_fails(put_word("x", 0), ETIMEDOUT);
    finish(g);
    check_log("put word g:ok");
}

/* gevent: test__queue.py TestNoWait.test_get_nowait_unlock_channel,
 * test_zero_max_size */
static void a_try_to_get_takes_from_a_waiting_putter(void **state)
{
    green_t *g;

    (void)state;
    fresh();
    check_fails(get_word(0), ETIMEDOUT);
    g = spawn(put_and_note, text("word"));
    settle();
    check_equal(get_word(0), 0);
    check_fails(get_word(0), ETIMEDOUT);
    finish(g);
    check_log("nothing word nothing word:ok");
    check_equal(green_queue_size(&channel), 0);
}

static void putters_and_getters_meet_in_order(void **state)
{
    green_t *gs[4];

    (void)state;
    fresh();
    gs[0] = spawn(put_and_note, text("a"));
    gs[1] = spawn(put_and_note, text("b"));
    settle();
    gs[2] = spawn(get_and_note, text("1"));
    gs[3] = spawn(get_and_note, text("2"));
    finish_all(gs, 4);
    check_log("a 1:ok b 2:ok a:ok b:ok");
}

static void a_killed_putters_item_is_not_got(void **state)
{
    green_t *gs[2];

    (void)state;
    fresh();
    gs[0] = spawn(put_and_note, text("a"));
    gs[1] = spawn(put_and_note, text("b"));
    settle();
    green_kill(gs[0]);
    check_equal(get_word(GREEN_FOREVER), 0);
    finish_all(gs, 2);
    check_log("b a:ECANCELED b:ok");
}

static void closing_turns_both_sides_away(void **state)
{
    green_t *g;

    (void)state;
    fresh();
    g = spawn(put_and_note, text("a"));
    settle();
    green_queue_close(&channel);
    finish(g);
    check_fails(get_word(GREEN_FOREVER), EPIPE);
    check_fails(put_word("b", GREEN_FOREVER), EPIPE);
    check_log("a:EPIPE nothing");
    fresh();
    g = spawn(get_and_note, text("g"));
    settle();
    green_queue_close(&channel);
    finish(g);
    check_log("nothing g:EPIPE");
}

static void *peek_and_note(void *name)
{
    const char *word = "nothing";

    note_result(name, green_queue_peek(&channel, &word, GREEN_FOREVER));
    note("%s", word);
    return NULL;
}

static void peek_sees_what_a_putter_offers(void **state)
{
    green_t *gs[2];

    (void)state;
    fresh();
    gs[0] = spawn(put_and_note, text("word"));
    settle();
    gs[1] = spawn(peek_and_note, text("peek"));
    settle();
    check_log("peek:ok word");
    check_equal(get_word(GREEN_FOREVER), 0);
    finish_all(gs, 2);
    check_log("word word:ok");
}

/* gevent: tutorial, a pipeline of channels */
static void *double_numbers(void *arg)
{
    green_queue_t *both = arg;
    int n;

    while (green_queue_get(&both[0], &n, GREEN_FOREVER) == 0) {
        n *= 2;
        check_equal(green_queue_put(&both[1], &n, GREEN_FOREVER), 0);
    }
    green_queue_close(&both[1]);
    return NULL;
}

static void *send_numbers(void *arg)
{
    green_queue_t *numbers = arg;

    for (int i = 0; i < 100; i++)
        check_equal(green_queue_put(numbers, &i, GREEN_FOREVER), 0);
    green_queue_close(numbers);
    return NULL;
}

static void channels_make_pipelines(void **state)
{
    green_queue_t both[2] = {GREEN_CHANNEL_INIT(int), GREEN_CHANNEL_INIT(int)};
    green_t *gs[2];
    int n = 0, count = 0;

    (void)state;
    gs[0] = spawn(double_numbers, both);
    gs[1] = spawn(send_numbers, &both[0]);
    for (; green_queue_get(&both[1], &n, GREEN_FOREVER) == 0; count++)
        check_equal(n, 2 * count);
    check_equal(errno, EPIPE);
    check_equal(count, 100);
    finish_all(gs, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_put_waits_until_its_item_is_taken),
        green_test(a_put_that_finds_a_getter_lets_it_go_on_first),
        green_test(a_try_to_put_hands_over_without_giving_way),
        green_test(a_try_to_get_takes_from_a_waiting_putter),
        green_test(putters_and_getters_meet_in_order),
        green_test(a_killed_putters_item_is_not_got),
        green_test(closing_turns_both_sides_away),
        green_test(peek_sees_what_a_putter_offers),
        green_test(channels_make_pipelines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

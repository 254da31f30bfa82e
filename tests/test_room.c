/* SPDX-License-Identifier: MIT */
/* test_room.c - waiting for room in a pool without taking it. */
#include "support.h"

static green_pool_t pool = GREEN_POOL_INIT(1);
static green_event_t gate = GREEN_EVENT_INIT;

static void *pass_gate(void *name)
{
    note_result(name, green_event_wait(&gate, GREEN_FOREVER));
    return NULL;
}

static void put(const char *name)
{
    check_equal(green_pool_spawn(&pool, pass_gate, text(name), GREEN_FOREVER),
                0);
}

static void *see(void *name)
{
    note_result(name, green_pool_wait_room(&pool, GREEN_FOREVER));
    return NULL;
}

static void *take(void *name)
{
    note_result(name,
                green_pool_spawn(&pool, note_argument, name, GREEN_FOREVER));
    return NULL;
}

static void tear_down(void)
{
    check_equal(green_pool_join(&pool, GREEN_FOREVER), 0);
    green_pool_destroy(&pool);
    green_pool_init(&pool, 1);
    green_event_clear(&gate);
}

static void with_room_it_does_not_wait_and_takes_nothing(void **state)
{
    uint64_t switches = count_switches();

    (void)state;
    check_equal(green_pool_wait_room(&pool, GREEN_FOREVER), 0);
    check_equal(green_pool_wait_room(&pool, 0), 0);
    check_equal(count_switches(), switches);
    check_equal(green_pool_free_count(&pool), 1);
}

/* gevent: test__pool.py TestPool0, TestPool.test_join */
static void without_room_it_waits_until_its_timeout(void **state)
{
    (void)state;
    clock_take();
    put("task");
    check_fails(green_pool_wait_room(&pool, 0), ETIMEDOUT);
    check_fails(green_pool_wait_room(&pool, GREEN_MS), ETIMEDOUT);
    green_event_set(&gate);
    check_equal(green_pool_wait_room(&pool, GREEN_FOREVER), 0);
    check_log("task:ok");
    tear_down();
}

static void who_sees_room_leaves_it_to_the_next_in_line(void **state)
{
    green_t *gs[4];

    (void)state;
    put("task");
    gs[0] = spawn(see, text("first"));
    gs[1] = spawn(take, text("second"));
    gs[2] = spawn(see, text("third"));
    gs[3] = spawn(take, text("fourth"));
    settle();
    green_event_set(&gate);
    finish_all(gs, 4);
    tear_down();
    check_log("task:ok first:ok second:ok second third:ok fourth:ok fourth");
}

static void a_killed_one_leaves_the_line(void **state)
{
    green_t *seer, *taker;

    (void)state;
    put("task");
    seer = spawn(see, text("seer"));
    taker = spawn(take, text("taker"));
    settle();
    end_by_kill(seer);
    green_event_set(&gate);
    finish(taker);
    tear_down();
    check_log("seer:ECANCELED task:ok taker:ok taker");
}

static void a_closed_pool_has_no_room_to_wait_for(void **state)
{
    green_t *seer;

    (void)state;
    put("task");
    seer = spawn(see, text("seer"));
    settle();
    green_pool_close(&pool);
    finish(seer);
    check_fails(green_pool_wait_room(&pool, GREEN_FOREVER), EPIPE);
    check_fails(green_pool_wait_room(&pool, 0), EPIPE);
    check_fails(green_pool_wait_room(NULL, 0), EINVAL);
    green_event_set(&gate);
    tear_down();
    check_log("seer:EPIPE task:ok");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(with_room_it_does_not_wait_and_takes_nothing),
        green_test(without_room_it_waits_until_its_timeout),
        green_test(who_sees_room_leaves_it_to_the_next_in_line),
        green_test(a_killed_one_leaves_the_line),
        green_test(a_closed_pool_has_no_room_to_wait_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

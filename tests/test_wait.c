/* SPDX-License-Identifier: MIT */
/* test_wait.c - a wait ends once, for one reason, decided when it ends: what
 * was given is kept, what was not goes to the next.  For time: test_time.c. */
#include "support.h"

#include <unistd.h>

/* ---- objects that give one thing to one waiter ---- */

static green_sem_t sem;
static green_mutex_t mutex;
static green_queue_t queue = GREEN_QUEUE_INIT(int, 4);
static green_queue_t channel = GREEN_CHANNEL_INIT(int);
static int an_item = 7;

static int take_permit(int64_t timeout)
{
    return green_sem_wait(&sem, timeout);
}

static void give_permit(void)
{
    green_sem_post(&sem);
}

static int take_lock(int64_t timeout)
{
    return green_mutex_lock(&mutex, timeout);
}

static void give_lock(void)
{
    green_mutex_unlock(&mutex);
}

static int take_item(int64_t timeout)
{
    int got = 0, result = green_queue_get(&queue, &got, timeout);

    check_equal(got, result ? 0 : an_item);
    return result;
}

static void give_item(void)
{
    check_equal(green_queue_put(&queue, &an_item, 0), 0);
}

static int take_from_channel(int64_t timeout)
{
    int got = 0, result = green_queue_get(&channel, &got, timeout);

    check_equal(got, result ? 0 : an_item);
    return result;
}

static void give_to_channel(void)
{
    check_equal(green_queue_put(&channel, &an_item, 0), 0);
}

static const struct gift {
    const char *name;
    int (*take)(int64_t timeout);
    void (*give)(void);
} gifts[] = {{"sem", take_permit, give_permit},
             {"queue", take_item, give_item},
             {"channel", take_from_channel, give_to_channel}};

struct taker {
    const char *name;
    const struct gift *gift;
    int64_t timeout;
    green_t *greenlet;
};

static void *take_and_note(void *arg)
{
    struct taker *t = arg;

    note_result(t->name, t->gift->take(t->timeout));
    return NULL;
}

/* Three takers that wait in order. */
static void start_takers(struct taker takers[3], const struct gift *gift,
                         int64_t first_timeout)
{
    static const char *const names[] = {"a", "b", "c"};

    for (int i = 0; i < 3; i++) {
        takers[i] = (struct taker){names[i], gift, GREEN_FOREVER, NULL};
        takers[i].timeout = i == 0 ? first_timeout : GREEN_FOREVER;
        takers[i].greenlet = spawn(take_and_note, &takers[i]);
    }
    settle();
}

static void finish_takers(struct taker takers[3])
{
    for (int i = 0; i < 3; i++)
        finish(takers[i].greenlet);
}

static void for_each_gift(void (*try_one)(const struct gift *gift))
{
    for (size_t i = 0; i < ARRAY_SIZE(gifts); i++)
        try_one(&gifts[i]);
}

/* ---- hand-over ---- */

static void give_three(const struct gift *gift)
{
    struct taker takers[3];

    start_takers(takers, gift, GREEN_FOREVER);
    for (int i = 0; i < 3; i++)
        gift->give();
    note("given");
    finish_takers(takers);
    check_log("given a:ok b:ok c:ok");
}

/* gevent: test__queue.py test_multiple_waiters */
static void the_longest_waiter_is_served_first(void **state)
{
    (void)state;
    for_each_gift(give_three);
}

static void give_and_try_to_take(const struct gift *gift)
{
    struct taker takers[3];

    start_takers(takers, gift, GREEN_FOREVER);
    gift->give();
    check_fails(gift->take(0), ETIMEDOUT);
    gift->give();
    gift->give();
    finish_takers(takers);
    check_log("a:ok b:ok c:ok");
}

/* gevent: rule K5; test__semaphore.py TestSemaphoreFair */
static void what_is_given_cannot_be_taken_by_one_who_did_not_wait(void **state)
{
    (void)state;
    for_each_gift(give_and_try_to_take);
}

/* ---- kill against success: what came first decides ---- */

static void give_then_kill(const struct gift *gift)
{
    struct taker takers[3];

    start_takers(takers, gift, GREEN_FOREVER);
    gift->give();
    green_kill(takers[0].greenlet);
    gift->give();
    gift->give();
    finish_takers(takers);
    check_log("a:ok b:ok c:ok");
}

/* gevent: rule L6; the field's "lost token on cancel" */
static void
a_wait_that_is_satisfied_succeeds_though_killed_afterwards(void **state)
{
    (void)state;
    for_each_gift(give_then_kill);
}

static void kill_then_give(const struct gift *gift)
{
    struct taker takers[3];

    start_takers(takers, gift, GREEN_FOREVER);
    green_kill(takers[0].greenlet);
    gift->give();
    gift->give();
    finish_takers(takers);
    check_log("a:ECANCELED b:ok c:ok");
    check_fails(gift->take(0), ETIMEDOUT);
}

/* gevent: rule L6; test__queue.py test_two_waiters_one_dies */
static void what_a_killed_waiter_does_not_get_goes_to_the_next(void **state)
{
    (void)state;
    for_each_gift(kill_then_give);
}

/* ---- timeout against success ---- */

static void time_out_then_give(const struct gift *gift)
{
    struct taker takers[3];

    clock_take();
    start_takers(takers, gift, GREEN_MS);
    check_equal(green_sleep(2 * GREEN_MS), 0);
    gift->give();
    gift->give();
    finish_takers(takers);
    check_log("a:ETIMEDOUT b:ok c:ok");
}

/* gevent: test__queue.py test_waiters_that_cancel, test_two_waiters_one_dies */
static void what_a_waiter_in_vain_does_not_get_goes_to_the_next(void **state)
{
    (void)state;
    for_each_gift(time_out_then_give);
}

static void give_after_the_time(const struct gift *gift)
{
    struct taker takers[3];

    clock_take();
    start_takers(takers, gift, GREEN_MS);
    clock_turn(5 * GREEN_MS);
    for (int i = 0; i < 3; i++)
        gift->give();
    check_equal(green_sleep(GREEN_MS), 0);
    finish_takers(takers);
    check_log("a:ok b:ok c:ok");
}

/* gevent: rule R2; the field's "lost item on timeout" */
static void a_success_before_the_hub_looks_at_the_clock_stays_one(void **state)
{
    (void)state;
    for_each_gift(give_after_the_time);
}

/* Gives at the very time at which taker a would give up. */
static void *sleep_and_give(void *arg)
{
    const struct gift *gift = arg;

    check_equal(green_sleep(GREEN_MS), 0);
    for (int i = 0; i < 3; i++)
        gift->give();
    return NULL;
}

static void give_at_the_same_time(const struct gift *gift)
{
    struct taker takers[3];
    green_t *giver;

    clock_take();
    start_takers(takers, gift, GREEN_MS);
    giver = spawn(sleep_and_give, (void *)(uintptr_t)gift);
    finish_takers(takers);
    finish(giver);
    check_log("a:ok b:ok c:ok");
}

/* gevent: rules R1, R3 */
static void a_sleeper_due_in_the_same_turn_beats_a_timeout(void **state)
{
    (void)state;
    for_each_gift(give_at_the_same_time);
}

static int io_pair[2];

static void *read_and_give(void *arg)
{
    const struct gift *gift = arg;
    char byte;

    check_equal(green_read(io_pair[0], &byte, 1), 1);
    for (int i = 0; i < 3; i++)
        gift->give();
    return NULL;
}

static void give_on_io_at_the_same_time(const struct gift *gift)
{
    struct taker takers[3];
    green_t *giver;

    clock_take();
    giver = spawn(read_and_give, (void *)(uintptr_t)gift);
    start_takers(takers, gift, GREEN_MS);
    check_equal(write(io_pair[1], "x", 1), 1);
    clock_turn(GREEN_MS);
    finish_takers(takers);
    finish(giver);
    check_log("a:ok b:ok c:ok");
}

/* gevent: rules R1, R3; the field's "woken twice", libmill #132 */
static void a_reader_woken_in_the_same_turn_beats_a_timeout(void **state)
{
    (void)state;
    make_pair(io_pair);
    for_each_gift(give_on_io_at_the_same_time);
    close_both(io_pair);
}

/* ---- a lock, which is given by its holder only ---- */

static void *lock_and_unlock(void *name)
{
    int result = take_lock(GREEN_FOREVER);

    note_result(name, result);
    if (result == 0) {
        green_yield();
        give_lock();
    }
    return NULL;
}

/* pymongo #471 under gevent: a timeout inside lock acquire loses the lock */
static void
a_lock_given_to_a_greenlet_killed_afterwards_is_its_own(void **state)
{
    green_t *gs[2];

    (void)state;
    check_equal(take_lock(0), 0);
    gs[0] = spawn(lock_and_unlock, text("0"));
    gs[1] = spawn(lock_and_unlock, text("1"));
    settle();
    give_lock();
    green_kill(gs[0]);
    check_fails(take_lock(0), ETIMEDOUT);
    finish_all(gs, 2);
    check_equal(take_lock(0), 0);
    give_lock();
    check_log("0:ok 1:ok");
}

static void a_lock_not_given_to_a_killed_waiter_goes_to_the_next(void **state)
{
    green_t *gs[2];

    (void)state;
    check_equal(take_lock(0), 0);
    gs[0] = spawn(lock_and_unlock, text("0"));
    gs[1] = spawn(lock_and_unlock, text("1"));
    settle();
    green_kill(gs[0]);
    give_lock();
    finish_all(gs, 2);
    check_log("0:ECANCELED 1:ok");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(the_longest_waiter_is_served_first),
        green_test(what_is_given_cannot_be_taken_by_one_who_did_not_wait),
        green_test(a_wait_that_is_satisfied_succeeds_though_killed_afterwards),
        green_test(what_a_killed_waiter_does_not_get_goes_to_the_next),
        green_test(what_a_waiter_in_vain_does_not_get_goes_to_the_next),
        green_test(a_success_before_the_hub_looks_at_the_clock_stays_one),
        green_test(a_sleeper_due_in_the_same_turn_beats_a_timeout),
        green_test(a_reader_woken_in_the_same_turn_beats_a_timeout),
        green_test(a_lock_given_to_a_greenlet_killed_afterwards_is_its_own),
        green_test(a_lock_not_given_to_a_killed_waiter_goes_to_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

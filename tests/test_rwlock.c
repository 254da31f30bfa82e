/* SPDX-License-Identifier: MIT */
/* test_rwlock.c - many readers or one writer, in the order they came. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <green.h>

static green_rwlock_t lock;
static char happened[64];

struct visitor {
    char name;
    int (*lock)(green_rwlock_t *l, int64_t timeout);
    int64_t timeout;
};

static void note(char c)
{
    happened[strlen(happened)] = c;
}

/* Notes its name when it is in, and the same in lower case when it leaves. */
static void *visit(void *arg)
{
    struct visitor *v = arg;

    if (v->lock(&lock, v->timeout) != 0) {
        note('!');
        return (void *)(intptr_t)errno;
    }
    note(v->name);
    green_yield();
    note((char)(v->name + ('a' - 'A')));
    green_rwlock_unlock(&lock);
    return NULL;
}

static void visit_all(struct visitor *v, size_t n, green_t **g)
{
    size_t i;

    memset(happened, 0, sizeof happened);
    green_rwlock_init(&lock);
    for (i = 0; i < n; i++)
        g[i] = green_spawn(visit, &v[i]);
    assert_int_equal(green_joinall(g, n, GREEN_FOREVER), 0);
    assert_int_equal(green_rwlock_wrlock(&lock, 0), 0);
    green_rwlock_unlock(&lock);
}

static void readers_share_and_writers_do_not(void **state)
{
    struct visitor v[] = {{'A', green_rwlock_rdlock, GREEN_FOREVER},
                          {'B', green_rwlock_rdlock, GREEN_FOREVER},
                          {'W', green_rwlock_wrlock, GREEN_FOREVER},
                          {'X', green_rwlock_wrlock, GREEN_FOREVER}};
    green_t *g[4];

    (void)state;
    visit_all(v, 4, g);
    assert_string_equal(happened, "ABabWwXx");
    green_releaseall(g, 4);
}

static void readers_queue_behind_a_waiting_writer(void **state)
{
    struct visitor v[] = {{'A', green_rwlock_rdlock, GREEN_FOREVER},
                          {'W', green_rwlock_wrlock, GREEN_FOREVER},
                          {'B', green_rwlock_rdlock, GREEN_FOREVER},
                          {'C', green_rwlock_rdlock, GREEN_FOREVER}};
    green_t *g[4];

    (void)state;
    visit_all(v, 4, g);
    assert_string_equal(happened, "AaWwBCbc");
    green_releaseall(g, 4);
}

/* The writer's leaving is noticed though the reader in front stays. */
static void a_writer_that_gives_up_lets_in_the_readers_behind_it(void **state)
{
    struct visitor w = {'W', green_rwlock_wrlock, GREEN_FOREVER};
    struct visitor r = {'R', green_rwlock_rdlock, GREEN_FOREVER};
    green_t *writer, *reader;

    (void)state;
    memset(happened, 0, sizeof happened);
    green_rwlock_init(&lock);
    assert_int_equal(green_rwlock_rdlock(&lock, 0), 0);
    writer = green_spawn(visit, &w);
    reader = green_spawn(visit, &r);
    green_yield();
    green_kill(writer);
    assert_int_equal(green_join(reader, NULL, GREEN_FOREVER), 0);
    assert_string_equal(happened, "!Rr");
    assert_int_equal((intptr_t)green_value(writer), ECANCELED);
    green_rwlock_unlock(&lock);
    green_release(writer);
    green_release(reader);
}

static void trying_does_not_overtake(void **state)
{
    struct visitor w = {'W', green_rwlock_wrlock, GREEN_FOREVER};
    green_t *writer;

    (void)state;
    green_rwlock_init(&lock);
    assert_int_equal(green_rwlock_rdlock(&lock, 0), 0);
    writer = green_spawn(visit, &w);
    green_yield();
    assert_int_equal(green_rwlock_rdlock(&lock, 0), -1);
    assert_int_equal(errno, ETIMEDOUT);
    green_rwlock_unlock(&lock);
    assert_int_equal(green_join(writer, NULL, GREEN_FOREVER), 0);
    green_release(writer);
}

static void the_writer_itself_is_refused(void **state)
{
    (void)state;
    green_rwlock_init(&lock);
    assert_int_equal(green_rwlock_wrlock(&lock, GREEN_FOREVER), 0);
    assert_int_equal(green_rwlock_wrlock(&lock, GREEN_FOREVER), -1);
    assert_int_equal(errno, EDEADLK);
    assert_int_equal(green_rwlock_rdlock(&lock, GREEN_FOREVER), -1);
    assert_int_equal(errno, EDEADLK);
    green_rwlock_unlock(&lock);
    assert_int_equal(green_rwlock_rdlock(NULL, 0), -1);
    assert_int_equal(errno, EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_share_and_writers_do_not),
        cmocka_unit_test(readers_queue_behind_a_waiting_writer),
        cmocka_unit_test(a_writer_that_gives_up_lets_in_the_readers_behind_it),
        cmocka_unit_test(trying_does_not_overtake),
        cmocka_unit_test(the_writer_itself_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

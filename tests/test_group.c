/* SPDX-License-Identifier: MIT */
/* test_group.c - greenlets that belong together: who is in, joining and killing
 * all of them, what becomes of failures. */
#include <stdlib.h>
#include <string.h>
#include "dumped.h"
#include "support.h"
#include "sys.h"

static green_group_t group, other;
static green_event_t gate;

static void set_up(void)
{
    clock_take();
    green_group_init(&group);
    green_group_init(&other);
    green_event_init(&gate);
}

static void tear_down(void)
{
    check_equal(green_group_size(&group), 0);
    check_equal(green_group_size(&other), 0);
    green_group_destroy(&group);
    green_group_destroy(&other);
}

static green_t *member(void *(*fn)(void *arg), const char *name)
{
    green_t *g = green_group_spawn(&group, fn, text(name));

    check(g != NULL);
    return g;
}

/* ---- members ---- */

static void *sleep_for(void *duration)
{
    check_equal(green_sleep(*(int64_t *)duration), 0);
    note("%d", (int)(*(int64_t *)duration / GREEN_MS));
    return duration;
}

static void *wait_at_gate(void *name)
{
    note_result(name, green_event_wait(&gate, GREEN_FOREVER));
    return name;
}

static void *fail_with(void *error)
{
    green_fail((int)(intptr_t)error, "as told");
}

static void *join_group(void *name)
{
    note_result(name, green_group_join(&group, GREEN_FOREVER));
    return name;
}

static void *join_greenlet(void *g)
{
    note_result("join", green_join(g, NULL, GREEN_FOREVER));
    return g;
}

/* gevent: test__greenletset.py test_basic */
static void members_leave_as_they_end(void **state)
{
    int64_t short_time = 1 * GREEN_MS, long_time = 2 * GREEN_MS;

    (void)state;
    set_up();
    check(green_group_spawn(&group, sleep_for, &long_time) != NULL);
    check(green_group_spawn(&group, sleep_for, &short_time) != NULL);
    check_equal(green_group_size(&group), 2);
    check_equal(green_sleep(short_time), 0);
    settle();
    check_equal(green_group_size(&group), 1);
    check_equal(green_sleep(short_time), 0);
    settle();
    check_equal(green_group_size(&group), 0);
    check_log("1 2");
    tear_down();
}

/* gevent: test__greenletset.py test_waitall */
static void join_waits_for_the_longest(void **state)
{
    int64_t times[] = {2 * GREEN_MS, 5 * GREEN_MS, 1 * GREEN_MS};
    int64_t begin;

    (void)state;
    set_up();
    begin = green_now();
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        check(green_group_spawn(&group, sleep_for, &times[i]) != NULL);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_equal(green_now() - begin, 5 * GREEN_MS);
    check_log("1 2 5");
    tear_down();
}

/* gevent: test__pool.py TestJoinEmpty */
static void joining_nobody_does_not_wait(void **state)
{
    uint64_t switches;

    (void)state;
    set_up();
    switches = count_switches();
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_equal(green_group_join(&group, 0), 0);
    check_equal(green_group_kill(&group, 0), 0);
    check_equal(count_switches(), switches);
    tear_down();
}

static void spawning_and_adding_never_switch(void **state)
{
    uint64_t switches;
    green_t *g;

    (void)state;
    set_up();
    g = spawn(note_argument, text("g"));
    switches = count_switches();
    member(note_argument, "m");
    check_equal(green_group_add(&group, g), 0);
    check_equal(count_switches(), switches);
    check_log("");
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_log("g m");
    green_release(g);
    tear_down();
}

/* gevent: test__pool.py testSpawnAndWait */
static void a_join_that_timed_out_can_be_repeated(void **state)
{
    (void)state;
    set_up();
    member(wait_at_gate, "m");
    check_fails(green_group_join(&group, 0), ETIMEDOUT);
    check_fails(green_group_join(&group, GREEN_MS), ETIMEDOUT);
    green_event_set(&gate);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    tear_down();
}

static void *spawn_another(void *name)
{
    member(note_argument, name);
    note("spawned");
    return name;
}

static void join_waits_for_members_that_come_meanwhile(void **state)
{
    (void)state;
    set_up();
    member(spawn_another, "late");
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_log("spawned late");
    tear_down();
}

static void a_spawned_member_need_not_be_released(void **state)
{
    green_t *g, *kept;

    (void)state;
    set_up();
    g = member(wait_at_gate, "a");
    check(!green_started(g));
    kept = green_retain(member(return_argument, "value"));
    settle();
    check(green_started(g));
    green_event_set(&gate);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_text(green_value(kept), "value");
    green_release(kept);
    tear_down();
}

static void an_added_greenlet_counts_until_it_ends(void **state)
{
    green_t *g;

    (void)state;
    set_up();
    g = spawn(wait_at_gate, text("g"));
    check_equal(green_group_add(&group, g), 0);
    check_equal(green_group_add(&other, g), 0);
    check_equal(green_group_add(&group, g), 0);
    check_equal(green_group_size(&group), 1);
    check_equal(green_group_size(&other), 1);
    green_event_set(&gate);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_equal(green_group_size(&other), 0);
    check(green_ready(g));
    green_release(g);
    tear_down();
}

static void one_that_has_ended_leaves_only_its_error(void **state)
{
    green_t *well, *badly;

    (void)state;
    set_up();
    well = spawn(return_argument, NULL);
    badly = spawn(fail_with, (void *)(intptr_t)EIO);
    settle();
    check_equal(green_group_add(&group, well), 0);
    check_equal(green_group_error(&group), 0);
    check_equal(green_group_add(&group, badly), 0);
    check_equal(green_group_error(&group), EIO);
    check_equal(green_group_size(&group), 0);
    green_release(well);
    green_release(badly);
    tear_down();
}

static void *add_myself(void *arg)
{
    check_equal(green_group_add(&group, green_self()), 0);
    return wait_at_gate(arg);
}

static void a_greenlet_may_add_itself(void **state)
{
    (void)state;
    set_up();
    check_equal(green_go(add_myself, text("g")), 0);
    settle();
    check_equal(green_group_size(&group), 1);
    green_event_set(&gate);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_log("g:ok");
    tear_down();
}

/* gevent: #521, failures that nobody sees */
static void the_first_failure_in_time_is_kept(void **state)
{
    (void)state;
    set_up();
    member(return_argument, NULL);
    check(green_group_spawn(&group, fail_with, (void *)(intptr_t)EIO) != NULL);
    check(green_group_spawn(&group, fail_with, (void *)(intptr_t)EBADF) !=
          NULL);
    check_equal(green_group_error(&group), 0);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_equal(green_group_error(&group), EIO);
    tear_down();
}

/* ---- order ---- */

static void joiners_go_on_in_the_order_they_came(void **state)
{
    green_t *joiners[3];

    (void)state;
    set_up();
    member(wait_at_gate, "m");
    joiners[0] = spawn(join_group, text("a"));
    joiners[1] = spawn(join_group, text("b"));
    joiners[2] = spawn(join_group, text("c"));
    settle();
    green_event_set(&gate);
    settle();
    check_log("m:ok a:ok b:ok c:ok");
    finish_all(joiners, 3);
    tear_down();
}

/* The group is one of those who join the greenlet, and has its turn as they do. */
static void the_group_hears_of_an_end_in_its_turn(void **state)
{
    green_t *g, *early, *late, *of_group;

    (void)state;
    set_up();
    g = spawn(wait_at_gate, text("g"));
    early = spawn(join_greenlet, g);
    settle();
    check_equal(green_group_add(&group, g), 0);
    check_equal(green_link(g, note_argument, text("link")), 0);
    of_group = spawn(join_group, text("group"));
    late = spawn(join_greenlet, g);
    settle();
    green_event_set(&gate);
    settle();
    check_log("g:ok join:ok group:ok link join:ok");
    finish(early);
    finish(late);
    finish(of_group);
    green_release(g);
    tear_down();
}

static void *join_and_destroy(void *name)
{
    join_group(name);
    green_group_destroy(&group);
    memset(&group, 0xee, sizeof group);
    return name;
}

static void the_first_who_is_woken_may_destroy_the_group(void **state)
{
    green_t *joiners[2], *killer;

    (void)state;
    set_up();
    member(wait_at_gate, "m");
    joiners[0] = spawn(join_and_destroy, text("a"));
    joiners[1] = spawn(join_group, text("b"));
    killer = spawn(join_group, text("c"));
    settle();
    check_equal(green_group_kill(&group, GREEN_FOREVER), 0);
    settle();
    check_log("m:ECANCELED a:ok b:ok c:ok");
    finish_all(joiners, 2);
    finish(killer);
    green_group_init(&group);
    tear_down();
}

/* ---- kill ---- */

static void kill_tells_all_before_the_first_runs(void **state)
{
    (void)state;
    set_up();
    member(sleep_forever, "a");
    member(wait_at_gate, "b");
    settle();
    member(sleep_forever, "unstarted");
    check_equal(green_group_kill(&group, GREEN_FOREVER), 0);
    check_log("unstarted:ECANCELED a:ECANCELED b:ECANCELED");
    check_equal(green_group_error(&group), 0);
    tear_down();
}

static void kill_with_timeout_0_only_tells(void **state)
{
    (void)state;
    set_up();
    member(sleep_forever, "a");
    settle();
    check_fails(green_group_kill(&group, 0), ETIMEDOUT);
    check_log("");
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_log("a:ECANCELED");
    tear_down();
}

static void *start_late(void *arg)
{
    note_result("late", green_sleep(0));
    return arg;
}

static void one_that_was_to_start_later_is_killed_as_any_other(void **state)
{
    static const green_options_t later = {.delay = GREEN_SEC};
    green_t *g;

    (void)state;
    set_up();
    g = green_spawn_with(&later, start_late, NULL);
    check_equal(green_group_add(&group, g), 0);
    check_equal(green_group_kill(&group, GREEN_MS), 0);
    check_log("late:ECANCELED");
    green_release(g);
    tear_down();
}

/* Runs on behind a shield, and brings somebody in. */
static void *spawn_when_killed(void *name)
{
    green_scope_t shield;

    note_result(name, green_sleep(GREEN_FOREVER));
    green_shield_begin(&shield, GREEN_SEC);
    check_equal(green_sleep(GREEN_MS), 0);
    member(sleep_forever, "new");
    check_equal(green_sleep(GREEN_MS), 0);
    green_scope_end(&shield);
    note("end");
    return name;
}

/* gevent: Group.kill loops until it is empty */
static void who_comes_while_a_kill_waits_is_killed_too(void **state)
{
    green_t *added;

    (void)state;
    set_up();
    added = spawn(sleep_forever, text("added"));
    member(spawn_when_killed, "old");
    settle();
    check_equal(green_group_kill(&group, GREEN_FOREVER), 0);
    check_log("old:ECANCELED new:ECANCELED end");
    check_equal(green_group_add(&group, added), 0);
    settle();
    check_log("");
    check_equal(green_group_kill(&group, GREEN_FOREVER), 0);
    check_log("added:ECANCELED");
    green_release(added);
    tear_down();
}

static void *wait_behind_shield(void *name)
{
    green_scope_t shield;

    green_set_name(name);
    green_shield_begin(&shield, GREEN_FOREVER);
    wait_at_gate(name);
    green_scope_end(&shield);
    return name;
}

static void kill_times_out_if_one_will_not_end(void **state)
{
    (void)state;
    set_up();
    member(sleep_forever, "a");
    member(wait_behind_shield, "stubborn");
    settle();
    check_fails(green_group_kill(&group, GREEN_MS), ETIMEDOUT);
    check_log("a:ECANCELED");
    check_equal(green_group_size(&group), 1);
    check(dump_contains("stubborn  waiting for event"));
    check(dump_contains(", killed"));
    member(wait_at_gate, "new"); /* the kill is over */
    settle();
    check_log("");
    green_event_set(&gate);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_log("stubborn:ok new:ok");
    tear_down();
}

static void the_dump_says_who_waits_for_a_group(void **state)
{
    green_t *joiner;

    (void)state;
    set_up();
    member(wait_at_gate, "m");
    joiner = spawn(join_group, text("j"));
    settle();
    check(dump_contains("waiting for group 0x"));
    green_event_set(&gate);
    finish(joiner);
    tear_down();
}

static void *kill_group(void *name)
{
    note_result(name, green_group_kill(&group, GREEN_FOREVER));
    return name;
}

static void a_member_that_kills_its_group_is_killed_itself(void **state)
{
    (void)state;
    set_up();
    member(sleep_forever, "a");
    member(kill_group, "b");
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_log("b:ECANCELED a:ECANCELED");
    tear_down();
}

static void a_joiner_can_be_killed(void **state)
{
    green_t *joiner;

    (void)state;
    set_up();
    member(wait_at_gate, "m");
    joiner = spawn(join_group, text("j"));
    settle();
    end_by_kill(joiner);
    check_log("j:ECANCELED");
    green_event_set(&gate);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    tear_down();
}

/* ---- waiting for oneself ---- */

static void a_member_cannot_join_its_group(void **state)
{
    (void)state;
    set_up();
    member(join_group, "m");
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_log("m:EDEADLK");
    tear_down();
}

static void *try_to_join(void *name)
{
    note_result(name, green_group_join(&group, 0));
    return name;
}

static void but_a_member_can_ask(void **state)
{
    (void)state;
    set_up();
    member(try_to_join, "m");
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_log("m:ETIMEDOUT");
    tear_down();
}

static void a_group_is_not_joined_if_a_member_waits_for_the_caller(void **state)
{
    green_t *main = green_self(), *between, *g;

    (void)state;
    set_up();
    check(green_group_spawn(&group, join_greenlet, main) != NULL);
    settle();
    check_fails(green_group_join(&group, GREEN_FOREVER), EDEADLK);
    check_fails(green_group_kill(&group, 0), ETIMEDOUT);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_log("join:ECANCELED");

    between = spawn(join_greenlet, main);
    settle();
    member(wait_at_gate, "m");
    g = green_group_spawn(&group, join_greenlet, between);
    check(g != NULL);
    settle();
    check_fails(green_group_join(&group, GREEN_FOREVER), EDEADLK);
    green_kill(between);
    green_event_set(&gate);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_log("join:ECANCELED m:ok join:ok");
    green_release(between);
    tear_down();
}

static void report_nothing(void *arg)
{
    (void)arg;
}

static void main_is_told_if_no_member_can_end(void **state)
{
    (void)state;
    set_up();
    green_set_deadlock_fn(report_nothing, NULL);
    member(wait_at_gate, "m");
    check_fails(green_group_join(&group, GREEN_FOREVER), EDEADLK);
    green_set_deadlock_fn(NULL, NULL);
    check_equal(green_group_kill(&group, GREEN_FOREVER), 0);
    tear_down();
}

/* ---- failure ---- */

static int mallocs_left;

static void *scarce_malloc(size_t size)
{
    if (mallocs_left-- > 0)
        return malloc(size);
    errno = ENOMEM;
    return NULL;
}

static void without_memory_nothing_changes(void **state)
{
    green_t *g;
    void *(*usual)(size_t size) = green__sys.malloc;

    (void)state;
    set_up();
    g = spawn(wait_at_gate, text("g"));
    green__sys.malloc = scarce_malloc;
    mallocs_left = 0;
    check(green_group_spawn(&group, wait_at_gate, NULL) == NULL);
    check_equal(errno, ENOMEM);
    check_fails(green_group_add(&group, g), ENOMEM);
    check_equal(green_group_size(&group), 0);
    green__sys.malloc = usual;
    end_by_kill(g);
    tear_down();
}

static void a_member_that_cannot_be_made_leaves_no_trace(void **state)
{
    (void)state;
    set_up();
    check(green_group_spawn(&group, NULL, NULL) == NULL);
    check_equal(errno, EINVAL);
    check_equal(green_group_size(&group), 0);
    tear_down();
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    set_up();
    check(green_group_spawn(NULL, return_argument, NULL) == NULL);
    check_equal(errno, EINVAL);
    check_fails(green_group_add(NULL, green_self()), EINVAL);
    check_fails(green_group_add(&group, NULL), EINVAL);
    check_fails(green_group_join(NULL, 0), EINVAL);
    check_fails(green_group_kill(NULL, 0), EINVAL);
    tear_down();
}

static void destroy_with_a_member(void *arg)
{
    (void)arg;
    green_group_init(&group);
    member(return_argument, NULL);
    green_group_destroy(&group);
}

static void destroying_a_group_with_members_aborts(void **state)
{
    (void)state;
    check_aborts(destroy_with_a_member, NULL,
                 "libgreen: green_group_destroy: ");
}

static void *count_up(void *n)
{
    green_sleep(*(int *)n % 3);
    ++*(int *)n;
    return n;
}

static void many_members_are_no_more_trouble_than_one(void **state)
{
    int n = 0;

    (void)state;
    set_up();
    for (int i = 0; i < 500; i++)
        check(green_group_spawn(&group, count_up, &n) != NULL);
    check_equal(green_group_join(&group, GREEN_FOREVER), 0);
    check_equal(n, 500);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(members_leave_as_they_end),
        green_test(join_waits_for_the_longest),
        green_test(joining_nobody_does_not_wait),
        green_test(spawning_and_adding_never_switch),
        green_test(a_join_that_timed_out_can_be_repeated),
        green_test(join_waits_for_members_that_come_meanwhile),
        green_test(a_spawned_member_need_not_be_released),
        green_test(an_added_greenlet_counts_until_it_ends),
        green_test(one_that_has_ended_leaves_only_its_error),
        green_test(a_greenlet_may_add_itself),
        green_test(the_first_failure_in_time_is_kept),
        green_test(joiners_go_on_in_the_order_they_came),
        green_test(the_group_hears_of_an_end_in_its_turn),
        green_test(the_first_who_is_woken_may_destroy_the_group),
        green_test(kill_tells_all_before_the_first_runs),
        green_test(kill_with_timeout_0_only_tells),
        green_test(one_that_was_to_start_later_is_killed_as_any_other),
        green_test(who_comes_while_a_kill_waits_is_killed_too),
        green_test(kill_times_out_if_one_will_not_end),
        green_test(the_dump_says_who_waits_for_a_group),
        green_test(a_member_that_kills_its_group_is_killed_itself),
        green_test(a_joiner_can_be_killed),
        green_test(a_member_cannot_join_its_group),
        green_test(but_a_member_can_ask),
        green_test(a_group_is_not_joined_if_a_member_waits_for_the_caller),
        green_test(main_is_told_if_no_member_can_end),
        green_test(without_memory_nothing_changes),
        green_test(a_member_that_cannot_be_made_leaves_no_trace),
        green_test(nonsense_is_refused),
        green_test(destroying_a_group_with_members_aborts),
        green_test(many_members_are_no_more_trouble_than_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

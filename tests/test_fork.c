/* SPDX-License-Identifier: MIT */
/* test_fork.c - two processes, and only the caller in the new one.
 *
 * The child's part of a test uses CHECK, which ends it with a status that the
 * parent's part sees. */
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "child.h"
#include "hub.h"
#include "sys.h"

static struct sys real;

static int open_hub(void **state)
{
    (void)state;
    real = green__sys;
    return green__hub_share(green__hub());
}

/* ThreadSanitizer allows no new threads in the child of a process that has some. */
void __tsan_init(void) __attribute__((weak));

/* ---- the two sides ---- */

/* True in the child, which must not return from the test. */
static bool forks(pid_t *child)
{
    *child = green_fork();
    if (*child == 0)
        alarm(60);
    return *child == 0;
}

static int status_of(pid_t child)
{
    int status = -1;

    check(child > 0);
    check_equal(green_waitpid(child, &status, 0), child);
    return status;
}

static void check_passed(pid_t child)
{
    int status = status_of(child);

    check(WIFEXITED(status));
    check_equal(WEXITSTATUS(status), 0);
}

static uint64_t greenlets_here(void)
{
    green_stats_t stats;

    CHECK(green_stats(&stats) == 0);
    return stats.greenlets;
}

/* ---- who is there ---- */

static int runs;

static void *run_on(void *arg)
{
    while (green_yield() == 0)
        runs++;
    return arg;
}

static void *sleep_and_run(void *arg)
{
    while (green_sleep(GREEN_MS / 10) == 0)
        runs++;
    return arg;
}

static void count_run(void *arg)
{
    (void)arg;
    runs++;
}

static void *defer_and_wait(void *event)
{
    check_equal(green_defer(count_run, NULL), 0);
    green_event_wait(event, GREEN_FOREVER);
    runs++;
    return NULL;
}

static void only_the_caller_goes_on_in_the_child(void **state)
{
    green_event_t event = GREEN_EVENT_INIT;
    green_t *gs[] = {spawn(run_on, NULL), spawn(sleep_and_run, NULL),
                     spawn(defer_and_wait, &event)};
    green_t *unborn = spawn(run_on, NULL);
    green_stats_t stats;
    int before;
    pid_t child;

    (void)state;
    green_sleep(GREEN_MS);
    before = runs;
    if (forks(&child)) {
        CHECK(green_stats(&stats) == 0);
        CHECK(stats.greenlets == 1);
        CHECK(stats.ready == 0);
        CHECK(stats.timers == 0);
        green_event_set(&event);
        for (int i = 0; i < 100; i++)
            CHECK(green_yield() == 0);
        CHECK(green_sleep(2 * GREEN_MS) == 0);
        CHECK(runs == before);
        _exit(0);
    }
    check_passed(child);
    check(runs > before);
    green_event_set(&event);
    finish(gs[2]);
    end_by_kill(gs[0]);
    end_by_kill(gs[1]);
    end_by_kill(unborn);
}

static void handles_of_the_others_say_that_they_stayed(void **state)
{
    green_t *sleeper = spawn(sleep_forever, text("sleeper"));
    void *value = text("untouched");
    pid_t child;

    (void)state;
    settle();
    if (forks(&child)) {
        CHECK(green_ready(sleeper) && green_started(sleeper));
        CHECK(!green_successful(sleeper));
        CHECK(green_error(sleeper) == ESRCH);
        CHECK(green_join(sleeper, &value, GREEN_FOREVER) == 0);
        CHECK(value == NULL);
        CHECK(green_get(sleeper, NULL, GREEN_FOREVER) == -1);
        CHECK(errno == ESRCH);
        green_kill(sleeper);
        CHECK(green_killall(&sleeper, 1, GREEN_FOREVER) == 0);
        green_release(sleeper);
        _exit(0);
    }
    check_passed(child);
    check(!green_ready(sleeper));
    end_by_kill(sleeper);
    check_log("sleeper:ECANCELED");
}

static void *add_one(void *number)
{
    ++*(int *)number;
    return number;
}

static void the_child_can_do_all_that_greenlets_do(void **state)
{
    int fds[2], number = 0;
    char byte = 0;
    void *result = NULL;
    green_t *g;
    pid_t child;

    (void)state;
    check_equal(green_offload(add_one, &number, &result, GREEN_FOREVER), 0);
    make_pipe(fds);
    if (forks(&child)) {
        g = green_spawn(add_one, &number);
        CHECK(g && green_join(g, NULL, GREEN_FOREVER) == 0);
        CHECK(number == 2);
        CHECK(green_wait_fd(fds[0], GREEN_READ, GREEN_MS) == -1);
        CHECK(errno == ETIMEDOUT);
        CHECK(green_write(fds[1], "x", 1) == 1);
        CHECK(green_read(fds[0], &byte, 1) == 1 && byte == 'x');
        if (__tsan_init)
            _exit(0);
        CHECK(green_offload(add_one, &number, &result, GREEN_FOREVER) == 0);
        CHECK(number == 3);
        _exit(0);
    }
    check_passed(child);
    check_equal(number, 1);
    close_both(fds);
}

static void the_caller_keeps_its_scopes_and_kills(void **state)
{
    green_scope_t scope;
    pid_t child;

    (void)state;
    green_timeout_begin(&scope, 5 * GREEN_MS);
    if (forks(&child)) {
        CHECK(green_sleep(GREEN_SEC) == -1 && errno == ETIMEDOUT);
        CHECK(green_scope_end(&scope));
        green_kill(green_self());
        CHECK(green_sleep(GREEN_SEC) == -1 && errno == ECANCELED);
        _exit(0);
    }
    green_scope_end(&scope);
    check_passed(child);
}

static pid_t no_fork(void)
{
    errno = EAGAIN;
    return -1;
}

static void a_fork_that_fails_changes_nothing(void **state)
{
    green_t *g = spawn(note_argument, text("runs"));

    (void)state;
    green__sys.fork = no_fork;
    check_fails(green_fork(), EAGAIN);
    green__sys = real;
    finish(g);
    check_log("runs");
}

/* ---- from another greenlet than main ---- */

static void write_byte(void *fd)
{
    if (write(*(int *)fd, "d", 1) != 1)
        _exit(2);
}

static green_local_t own = GREEN_LOCAL_INIT(write_byte);

static void main_deferred(void *arg)
{
    (void)arg;
    _exit(3);
}

struct forker {
    green_t *main;
    int fds[2];
    pid_t child;
};

static void ignore_deadlock(void *arg)
{
    (void)arg;
}

/* By exit, the deferred call and the local's destructor. */
static void *fork_and_exit(void *arg)
{
    struct forker *f = arg;
    green_event_t never = GREEN_EVENT_INIT;

    check_equal(green_defer(write_byte, &f->fds[1]), 0);
    check_equal(green_local_set(&own, &f->fds[1]), 0);
    if (!forks(&f->child)) {
        green_local_set(&own, NULL);
        return NULL;
    }
    CHECK(greenlets_here() == 1);
    CHECK(green_local_get(&own) == &f->fds[1]);
    CHECK(green_ready(f->main) && green_error(f->main) == ESRCH);
    green_set_deadlock_fn(ignore_deadlock, NULL);
    CHECK(green_event_wait(&never, GREEN_FOREVER) == -1 && errno == EDEADLK);
    exit(0);
}

/* Comes after the library's part of exit, and before that of tools which look
 * for leaks: what only main's stack points to would be one. */
static void leave_at_once(void)
{
    _exit(0);
}

/* In a process of its own, since main's deferred call would stay. */
static void fork_elsewhere(void *arg)
{
    struct forker f = {.main = green_self()};
    char bytes[8];
    ssize_t n;

    (void)arg;
    make_pipe(f.fds);
    check_equal(atexit(leave_at_once), 0);
    check_equal(green_defer(main_deferred, NULL), 0);
    finish(spawn(fork_and_exit, &f));
    check_passed(f.child);
    close(f.fds[1]);
    n = read(f.fds[0], bytes, sizeof bytes);
    check_equal(n, 3); /* one of them the parent's, at its greenlet's end */
}

static void any_greenlet_may_fork_and_takes_mains_place(void **state)
{
    (void)state;
    check_in_child(fork_elsewhere, NULL);
}

static void *end_process(void *status)
{
    _exit(*(int *)status);
}

static void *fork_and_leave_others(void *arg)
{
    static int status = 7;
    struct forker *f = arg;

    if (forks(&f->child))
        CHECK(green_go(end_process, &status) == 0);
    return NULL;
}

static void others_of_the_child_go_on_without_it(void **state)
{
    struct forker f = {0};
    int status;

    (void)state;
    finish(spawn(fork_and_leave_others, &f));
    status = status_of(f.child);
    check(WIFEXITED(status));
    check_equal(WEXITSTATUS(status), 7);
}

static void *fork_and_return(void *arg)
{
    struct forker *f = arg;

    if (forks(&f->child))
        become_plain(f->fds[1]);
    return NULL;
}

static void a_child_that_nobody_ends_aborts(void **state)
{
    struct forker f = {0};
    char line[4096] = "";
    int status;
    ssize_t n;

    (void)state;
    make_pipe(f.fds);
    finish(spawn(fork_and_return, &f));
    status = status_of(f.child);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    n = read(f.fds[0], line, sizeof line - 1);
    check(n > 0 && strstr(line, "nobody is left in the child"));
    close_both(f.fds);
}

/* ---- what others waited in ---- */

static void *wait_sem(void *sem)
{
    note_result("sem", green_sem_wait(sem, GREEN_FOREVER));
    return NULL;
}

static void *get_item(void *queue)
{
    int item = 0;

    note_result("get", green_queue_get(queue, &item, GREEN_FOREVER));
    return NULL;
}

static void nothing_is_handed_to_those_who_stayed(void **state)
{
    green_sem_t sem = GREEN_SEM_INIT(0);
    green_queue_t queue = GREEN_QUEUE_INIT(int, 4);
    green_t *gs[] = {spawn(wait_sem, &sem), spawn(get_item, &queue)};
    int item = 5;
    pid_t child;

    (void)state;
    settle();
    if (forks(&child)) {
        green_sem_post(&sem);
        CHECK(green_sem_wait(&sem, 0) == 0);
        CHECK(green_queue_put(&queue, &item, 0) == 0);
        item = 0;
        CHECK(green_queue_get(&queue, &item, 0) == 0);
        CHECK(item == 5);
        green_queue_destroy(&queue);
        _exit(0);
    }
    check_passed(child);
    green_sem_post(&sem);
    check_equal(green_queue_put(&queue, &item, GREEN_FOREVER), 0);
    finish_all(gs, 2);
    check_log("sem:ok get:ok");
    green_queue_destroy(&queue);
}

static void *hold_mutex(void *mutex)
{
    check_equal(green_mutex_lock(mutex, GREEN_FOREVER), 0);
    green_sleep(GREEN_FOREVER);
    green_mutex_unlock(mutex);
    return NULL;
}

static void a_mutex_of_theirs_stays_locked(void **state)
{
    green_mutex_t mutex = GREEN_MUTEX_INIT;
    green_t *g = spawn(hold_mutex, &mutex);
    int number = 0;
    pid_t child;

    (void)state;
    settle();
    if (forks(&child)) {
        CHECK(green_mutex_lock(&mutex, 0) == -1 && errno == ETIMEDOUT);
        CHECK(green_go(add_one, &number) == 0); /* not in its place */
        CHECK(green_mutex_lock(&mutex, GREEN_MS) == -1 && errno == ETIMEDOUT);
        _exit(0);
    }
    check_passed(child);
    end_by_kill(g);
}

static void groups_count_those_who_are_there(void **state)
{
    green_group_t group = GREEN_GROUP_INIT;
    int number = 0;
    pid_t child;

    (void)state;
    check(green_group_spawn(&group, sleep_forever, text("a")) != NULL);
    check(green_group_spawn(&group, sleep_forever, text("b")) != NULL);
    settle();
    if (forks(&child)) {
        CHECK(green_group_size(&group) == 0);
        CHECK(green_group_join(&group, GREEN_FOREVER) == 0);
        CHECK(green_group_spawn(&group, add_one, &number) != NULL);
        CHECK(green_group_join(&group, GREEN_FOREVER) == 0);
        CHECK(number == 1);
        green_group_destroy(&group);
        _exit(0);
    }
    check_passed(child);
    check_equal(green_group_size(&group), 2);
    check_equal(green_group_kill(&group, GREEN_FOREVER), 0);
    check_log("a:ECANCELED b:ECANCELED");
    green_group_destroy(&group);
}

static void *map_sleepers(void *pool)
{
    void *in[] = {text("1"), text("2"), text("3"), text("4")};

    note_result(
        "map", green_pool_map(pool, sleep_forever, in, NULL, 4, GREEN_FOREVER));
    return NULL;
}

static void *spawn_in_pool(void *pool)
{
    note_result("spawn", green_pool_spawn(pool, sleep_forever, text("late"),
                                          GREEN_FOREVER));
    return NULL;
}

/* A map with items that have not begun, and one who waits for room. */
static void pools_begin_nothing_for_those_who_stayed(void **state)
{
    green_pool_t pool = GREEN_POOL_INIT(2);
    green_t *mapper = spawn(map_sleepers, &pool);
    green_t *spawner;
    int number = 0;
    pid_t child;

    (void)state;
    settle();
    spawner = spawn(spawn_in_pool, &pool);
    settle();
    if (forks(&child)) {
        CHECK(green_pool_size(&pool) == 0);
        CHECK(green_pool_join(&pool, GREEN_FOREVER) == 0);
        for (int i = 0; i < 5; i++)
            CHECK(green_pool_spawn(&pool, add_one, &number, GREEN_FOREVER) ==
                  0);
        CHECK(green_pool_join(&pool, GREEN_FOREVER) == 0);
        CHECK(number == 5);
        CHECK(greenlets_here() == 1);
        green_pool_destroy(&pool);
        _exit(0);
    }
    check_passed(child);
    check_equal(green_pool_size(&pool), 2);
    end_by_kill(mapper);
    end_by_kill(spawner);
    check_equal(green_pool_kill(&pool, GREEN_FOREVER), 0);
    check(number == 0);
    green_pool_destroy(&pool);
}

/* ---- what is shared with the kernel ---- */

static void *answer_all(void *arg)
{
    int fd = *(int *)arg;
    char byte;

    while (green_read(fd, &byte, 1) == 1)
        check_equal(green_write(fd, &byte, 1), 1);
    return arg;
}

static void ask(int fd, char question)
{
    char answer = 0;

    check_equal(green_write(fd, &question, 1), 1);
    check_equal(green_read(fd, &answer, 1), 1);
    check_equal(answer, question);
}

/* Each child waits in its poller for the same descriptors, and ends. */
static void the_parent_loses_no_event_to_its_children(void **state)
{
    enum { TIMES = 100 };
    int fds[2], other[2];
    green_t *g;
    pid_t child;

    (void)state;
    make_pair(fds);
    make_pipe(other);
    g = spawn(answer_all, &fds[1]);
    ask(fds[0], 'a');
    for (int i = 0; i < TIMES; i++) {
        if (forks(&child)) {
            green_wait_fd(fds[0], GREEN_READ, 1); /* may see the answer */
            CHECK(green_wait_fd(other[0], GREEN_READ, 1) == -1);
            green_close(fds[0]);
            green_close(fds[1]);
            _exit(0);
        }
        ask(fds[0], (char)('b' + i % 20));
        check_passed(child);
    }
    close(fds[0]);
    finish(g);
    close(fds[1]);
    close_both(other);
}

static void the_child_has_no_more_descriptors_than_the_parent(void **state)
{
    int before = count_descriptors();
    pid_t child;

    (void)state;
    if (forks(&child)) {
        CHECK(count_descriptors() == before);
        _exit(0);
    }
    check_passed(child);
}

/* ---- signals ---- */

static void *note_signal(void *arg)
{
    add_one(arg);
    return NULL;
}

static void watches_hold_in_both_and_what_came_is_the_parents(void **state)
{
    int count = 0;
    green_watch_t *w = green_signal(SIGUSR1, note_signal, &count);
    pid_t child;

    (void)state;
    raise(SIGUSR1);
    if (forks(&child)) {
        CHECK(green_sleep(1) == 0);
        CHECK(count == 0);
        raise(SIGUSR1);
        CHECK(green_sleep(1) == 0);
        CHECK(count == 1);
        green_signal_end(w);
        CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
        _exit(0);
    }
    check_passed(child);
    check_equal(green_sleep(1), 0);
    check_equal(count, 1);
    green_signal_end(w);
}

static void no_signal_stays_blocked(void **state)
{
    sigset_t before, after;
    pid_t child;

    (void)state;
    sigprocmask(SIG_SETMASK, NULL, &before);
    if (forks(&child)) {
        sigprocmask(SIG_SETMASK, NULL, &after);
        CHECK(sigismember(&after, SIGTERM) == 0);
        CHECK(sigismember(&after, SIGUSR1) == sigismember(&before, SIGUSR1));
        _exit(0);
    }
    sigprocmask(SIG_SETMASK, NULL, &after);
    check_equal(sigismember(&after, SIGTERM), 0);
    check_passed(child);
}

/* ---- children and threads ---- */

static void children_are_the_parents(void **state)
{
    const char *const argv[] = {"cat", NULL};
    const green_process_options_t piped = {.in = GREEN_PIPE, .out = GREEN_PIPE};
    green_process_t *p = green_process_start(argv, &piped);
    pid_t child;

    (void)state;
    check(p != NULL);
    if (forks(&child)) {
        CHECK(green_waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
        CHECK(green_process_wait(p, NULL, GREEN_FOREVER) == -1);
        CHECK(errno == ECHILD);
        CHECK(green_process_signal(p, SIGKILL) == -1 && errno == ESRCH);
        green_process_free(p);
        _exit(0);
    }
    check_passed(child);
    check_equal(green_process_signal(p, SIGKILL), 0);
    check_equal(green_process_wait(p, NULL, GREEN_FOREVER), 0);
    green_process_free(p);
}

static void a_child_can_fork_again(void **state)
{
    pid_t child, grandchild;
    int status;

    (void)state;
    if (forks(&child)) {
        if (forks(&grandchild)) {
            CHECK(greenlets_here() == 1);
            CHECK(green_sleep(GREEN_MS) == 0);
            _exit(4);
        }
        CHECK(green_waitpid(grandchild, &status, 0) == grandchild);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 4);
        _exit(0);
    }
    check_passed(child);
}

static void *set_event(void *event)
{
    green_event_set(event);
    return NULL;
}

struct sender {
    green_hub_t *hub;
    green_event_t event;
};

static void *send_event(void *arg)
{
    struct sender *s = arg;

    CHECK(green_spawn_on(s->hub, set_event, &s->event) == 0);
    return NULL;
}

static void threads_are_the_parents_and_new_ones_can_be_made(void **state)
{
    green_hub_t *other = green_hub_start();
    struct sender s = {.hub = green__hub(), .event = GREEN_EVENT_INIT};
    pthread_t thread;
    pid_t child;

    (void)state;
    if (forks(&child)) {
        CHECK(green_spawn_on(other, set_event, &s.event) == -1);
        CHECK(errno == ESRCH);
        CHECK(green_hub() == s.hub);
        if (__tsan_init)
            _exit(0);
        CHECK(pthread_create(&thread, NULL, send_event, &s) == 0);
        CHECK(green_event_wait(&s.event, GREEN_FOREVER) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
        _exit(0);
    }
    check_passed(child);
    check_equal(green_hub_stop(other, GREEN_FOREVER), 0);
}

/* From a thread that only runs a hub. */
static void *fork_there(void *arg)
{
    struct sender *s = arg;
    int status = -1;
    pid_t child;

    if (forks(&child)) {
        CHECK(greenlets_here() == 1);
        CHECK(green_sleep(GREEN_MS) == 0);
        _exit(0);
    }
    check_equal(green_waitpid(child, &status, 0), child);
    check_equal(status, 0);
    green_spawn_on(s->hub, set_event, &s->event);
    return NULL;
}

static void any_thread_may_fork(void **state)
{
    green_hub_t *other = green_hub_start();
    struct sender s = {.hub = green__hub(), .event = GREEN_EVENT_INIT};

    (void)state;
    check_equal(green_spawn_on(other, fork_there, &s), 0);
    check_equal(green_event_wait(&s.event, GREEN_FOREVER), 0);
    check_equal(green_hub_stop(other, GREEN_FOREVER), 0);
}

static const struct CMUnitTest tests[] = {
    green_test(only_the_caller_goes_on_in_the_child),
    green_test(handles_of_the_others_say_that_they_stayed),
    green_test(the_child_can_do_all_that_greenlets_do),
    green_test(the_caller_keeps_its_scopes_and_kills),
    green_test(a_fork_that_fails_changes_nothing),
    green_test(any_greenlet_may_fork_and_takes_mains_place),
    green_test(others_of_the_child_go_on_without_it),
    green_test(a_child_that_nobody_ends_aborts),
    green_test(nothing_is_handed_to_those_who_stayed),
    green_test(a_mutex_of_theirs_stays_locked),
    green_test(groups_count_those_who_are_there),
    green_test(pools_begin_nothing_for_those_who_stayed),
    green_test(the_parent_loses_no_event_to_its_children),
    green_test(the_child_has_no_more_descriptors_than_the_parent),
    green_test(watches_hold_in_both_and_what_came_is_the_parents),
    green_test(no_signal_stays_blocked),
    green_test(children_are_the_parents),
    green_test(a_child_can_fork_again),
    green_test(threads_are_the_parents_and_new_ones_can_be_made),
    green_test(any_thread_may_fork),
};

int main(void)
{
    return cmocka_run_group_tests(tests, open_hub, NULL);
}

/* SPDX-License-Identifier: MIT */
/* test_fault.c - each call into the system fails in turn.
 *
 * An operation runs in a fresh thread, and with it a fresh hub, while its nth
 * call through green__sys fails; then again with the next n, until no call is
 * left to fail.  Each time it has to succeed, or to fail cleanly: with the
 * errno that was injected, nothing lost, and working when tried again.  Once
 * only the nth call fails, once all from the nth on. */
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>
#include "sys.h"

static struct sys real;

/* What this thread's calls are up to. */
static _Thread_local struct {
    bool armed, for_good, fired;
    int left;           /* calls up to the one that fails */
    bool injected[256]; /* by errno */
} fault;

static bool call_fails(int error)
{
    if (!fault.armed || --fault.left > 0)
        return false;
    fault.fired = true;
    fault.armed = fault.for_good;
    fault.injected[error] = true;
    errno = error;
    return true;
}

/* ---- the calls that can fail ---- */

static void *fail_malloc(size_t size)
{
    return call_fails(ENOMEM) ? NULL : real.malloc(size);
}

static void *fail_realloc(void *old, size_t size)
{
    return call_fails(ENOMEM) ? NULL : real.realloc(old, size);
}

static void *fail_aligned_alloc(size_t alignment, size_t size)
{
    return call_fails(ENOMEM) ? NULL : real.aligned_alloc(alignment, size);
}

static void *fail_mmap(void *at, size_t size, int protection, int flags, int fd,
                       off_t offset)
{
    if (call_fails(ENOMEM))
        return MAP_FAILED;
    return real.mmap(at, size, protection, flags, fd, offset);
}

static int fail_mprotect(void *at, size_t size, int protection)
{
    return call_fails(ENOMEM) ? -1 : real.mprotect(at, size, protection);
}

static int fail_madvise(void *at, size_t size, int advice)
{
    return call_fails(ENOMEM) ? -1 : real.madvise(at, size, advice);
}

static ssize_t fail_madvise_many(const struct iovec *ranges, size_t n,
                                 int advice)
{
    return call_fails(ENOMEM) ? -1 : real.madvise_many(ranges, n, advice);
}

static int fail_epoll_create(void)
{
    return call_fails(EMFILE) ? -1 : real.epoll_create();
}

static int fail_epoll_ctl(int epfd, int operation, int fd,
                          struct epoll_event *event)
{
    return call_fails(ENOSPC) ? -1 : real.epoll_ctl(epfd, operation, fd, event);
}

static int fail_pipe(int fds[2])
{
    return call_fails(ENFILE) ? -1 : real.pipe(fds);
}

static int fail_thread_start(pthread_t *thread, void *(*fn)(void *arg),
                             void *arg)
{
    return call_fails(EAGAIN) ? EAGAIN : real.thread_start(thread, fn, arg);
}

static int fail_sigaltstack(const stack_t *now, stack_t *old)
{
    return call_fails(ENOMEM) ? -1 : real.sigaltstack(now, old);
}

static int take_calls(void **state)
{
    (void)state;
    real = green__sys;
    green__sys.malloc = fail_malloc;
    green__sys.realloc = fail_realloc;
    green__sys.aligned_alloc = fail_aligned_alloc;
    green__sys.mmap = fail_mmap;
    green__sys.mprotect = fail_mprotect;
    green__sys.madvise = fail_madvise;
    green__sys.madvise_many = fail_madvise_many;
    green__sys.epoll_create = fail_epoll_create;
    green__sys.epoll_ctl = fail_epoll_ctl;
    green__sys.pipe = fail_pipe;
    green__sys.thread_start = fail_thread_start;
    green__sys.sigaltstack = fail_sigaltstack;
    return 0;
}

/* ---- one run of an operation with one fault, and all of them ---- */

struct operation {
    const char *name;
    int (*run)(void);  /* 0, or -1 with errno; cleans up after itself */
    bool in_first_use; /* its hub is made under the fault, too */
};

struct run {
    const struct operation *operation;
    int n;
    bool for_good;
    bool over; /* no call failed */
};

static void *run_once(void *arg)
{
    struct run *r = arg;
    int result, error;

    if (!r->operation->in_first_use)
        check(green_self() != NULL);
    fault.left = r->n;
    fault.for_good = r->for_good;
    fault.armed = true;
    result = r->operation->run();
    error = errno;
    fault.armed = false;
    if (result && !fault.injected[error]) {
        print_error("%s, call %d%s: %s\n", r->operation->name, r->n,
                    r->for_good ? " and all after it" : "", strerror(error));
        check(fault.injected[error]);
    }
    check_equal(r->operation->run(), 0);
    r->over = !fault.fired;
    return NULL;
}

/* ThreadSanitizer writes a megabyte for each greenlet: with it there are fewer, and
 * only some calls fail. */
void __tsan_init(void) __attribute__((weak));

static void sweep(const struct operation *operation)
{
    int step = __tsan_init ? 7 : 1;

    for (int for_good = 0; for_good < 2; for_good++) {
        struct run r = {operation, 1 - step, for_good, false};

        while (!r.over && r.n < 1000) {
            pthread_t thread;

            r.n += step;
            check_equal(pthread_create(&thread, NULL, run_once, &r), 0);
            pthread_join(thread, NULL);
        }
        check(r.over);
    }
}

/* ---- greenlets ---- */

static void *add_one(void *count)
{
    green_yield();
    ++*(int *)count;
    return NULL;
}

static int use_first(void)
{
    return green_self() ? 0 : -1;
}

enum { MANY = 150, FEW = 70 }; /* the ready queue begins with 64 places */

/* However many could be made, all of them run. */
static int spawn_many(void)
{
    green_t *gs[MANY];
    int count = 0, made = 0, error = 0, wanted = __tsan_init ? FEW : MANY;

    while (made < wanted && (gs[made] = green_spawn(add_one, &count)))
        made++;
    error = errno;
    if (made > 0) {
        check_equal(green_joinall(gs, (size_t)made, GREEN_FOREVER), 0);
        green_releaseall(gs, (size_t)made);
    }
    check_equal(count, made);
    errno = error;
    return made == wanted ? 0 : -1;
}

static int spawn_with_all(void)
{
    green_options_t options = {.name = "name",
                               .stack_size = 100000,
                               .delay = 1,
                               .copy = sizeof(int *)};
    int count = 0, *pointer = &count;
    green_t *g = green_spawn_with(&options, return_argument, &pointer);

    if (!g)
        return -1;
    check_text(green_name(g), "name");
    finish(g);
    return 0;
}

static void spawning_without_memory_fails_cleanly(void **state)
{
    (void)state;
    sweep(&(struct operation){"use_first", use_first, true});
    sweep(&(struct operation){"spawn_many", spawn_many, true});
    sweep(&(struct operation){"spawn_many", spawn_many, false});
    sweep(&(struct operation){"spawn_with_all", spawn_with_all, false});
}

static void count_call(void *count)
{
    ++*(int *)count;
}

static green_local_t local = GREEN_LOCAL_INIT(count_call);

static int tasks_expected, tasks_done;

static void *use_locals_and_defers(void *out)
{
    int *result = out;

    tasks_expected = tasks_done = 0;
    for (int i = 0; i < 3; i++) {
        if (green_defer(count_call, &tasks_done))
            green_exit(NULL);
        tasks_expected++;
    }
    if (green_local_set(&local, &tasks_done))
        green_exit(NULL);
    tasks_expected++;
    *result = 0;
    return NULL;
}

static int defer_and_set(void)
{
    int result = -1;
    green_t *g = green_spawn(use_locals_and_defers, &result);

    if (!g)
        return -1;
    finish(g);
    check_equal(tasks_done, tasks_expected);
    errno = ENOMEM;
    return result;
}

static int values; /* that there are */

static void *copy_value(void *value)
{
    values++;
    return value;
}

static void end_value(void *value)
{
    (void)value;
    values--;
}

static green_local_t handed_down =
    GREEN_LOCAL_INHERITED_INIT(copy_value, end_value);

static void *spawn_heirs(void *result)
{
    void *in[3] = {NULL};
    green_pool_t pool = GREEN_POOL_INIT(2);
    green_t *g;

    if (green_local_set(&handed_down, result))
        green_fail(errno, NULL);
    values++;
    if (!(g = green_spawn(return_argument, NULL)))
        green_fail(errno, NULL);
    finish(g);
    *(int *)result =
        green_pool_map(&pool, return_argument, in, NULL, 3, GREEN_FOREVER);
    return NULL;
}

static int hand_down(void)
{
    int result = -1;
    green_t *g;

    values = 0;
    if (!(g = green_spawn(spawn_heirs, &result)))
        return -1;
    finish(g);
    settle();
    check_equal(values, 0);
    errno = ENOMEM;
    return result;
}

static int link_some(void)
{
    int count = 0, links = 0, error;
    green_t *g = green_spawn(return_argument, NULL);

    if (!g)
        return -1;
    while (links < 70 && green_link(g, add_one, &count) == 0)
        links++;
    error = errno;
    finish(g);
    settle();
    check_equal(count, links);
    errno = error;
    return links == 70 ? 0 : -1;
}

static void *fail_with_words(void *arg)
{
    (void)arg;
    green_fail(EXDEV, "%s", "words");
}

static int fail_and_look(void)
{
    green_t *g = green_spawn(fail_with_words, NULL);
    bool has_words;

    if (!g)
        return -1;
    check_equal(green_join(g, NULL, GREEN_FOREVER), 0);
    check_equal(green_error(g), EXDEV);
    has_words = strcmp(green_error_text(g), "words") == 0;
    check(has_words || green_error_text(g)[0] == '\0');
    green_release(g);
    errno = ENOMEM;
    return has_words ? 0 : -1;
}

static int rename_self(void)
{
    char before[16];
    bool renamed;

    snprintf(before, sizeof before, "%s", green_name(green_self()));
    green_set_name("other");
    renamed = strcmp(green_name(green_self()), "other") == 0;
    check(renamed || strcmp(green_name(green_self()), before) == 0);
    errno = ENOMEM;
    return renamed ? 0 : -1;
}

static void what_greenlets_note_fails_cleanly_without_memory(void **state)
{
    (void)state;
    sweep(&(struct operation){"defer_and_set", defer_and_set, false});
    sweep(&(struct operation){"hand_down", hand_down, false});
    sweep(&(struct operation){"link_some", link_some, false});
    sweep(&(struct operation){"fail_and_look", fail_and_look, false});
    sweep(&(struct operation){"rename_self", rename_self, false});
}

/* ---- queues ---- */

/* What was put before a put failed comes out, in order. */
static int fill_and_drain(void)
{
    green_queue_t q = GREEN_QUEUE_INIT(int, SIZE_MAX);
    int put = 0, item = -1, error;

    while (put < 300 && green_queue_put(&q, &put, 0) == 0)
        put++;
    error = errno;
    check_equal(green_queue_size(&q), put);
    for (int i = 0; i < put; i++) {
        check_equal(green_queue_get(&q, &item, 0), 0);
        check_equal(item, i);
    }
    green_queue_destroy(&q);
    errno = error;
    return put == 300 ? 0 : -1;
}

static int put_by_select(void)
{
    green_queue_t q = GREEN_QUEUE_INIT(int, 3);
    green_case_t put = GREEN_ON_PUT(&q, &(int){7});
    int result = green_select(&put, 1, GREEN_FOREVER), error = errno, item = 0;

    check_equal(green_queue_size(&q), result == 0);
    if (result == 0)
        check_equal(green_queue_get(&q, &item, 0), 0);
    green_queue_destroy(&q);
    errno = error;
    return result;
}

static void a_queue_that_cannot_grow_loses_nothing(void **state)
{
    (void)state;
    sweep(&(struct operation){"fill_and_drain", fill_and_drain, false});
    sweep(&(struct operation){"put_by_select", put_by_select, false});
}

/* ---- descriptors ---- */

static void *write_byte(void *fd)
{
    check_equal(write(*(int *)fd, "x", 1), 1);
    return NULL;
}

/* `wait` waits until fd is readable and is left with the byte unread. */
static int wait_for_byte(int (*wait)(int fd))
{
    int fds[2], result, error;
    char byte;
    green_t *g;

    make_pair(fds);
    g = green_spawn(write_byte, &fds[1]);
    result = g ? wait(fds[0]) : -1;
    error = errno;
    if (g) {
        settle();
        green_release(g);
        check_equal(recv(fds[0], &byte, 1, MSG_DONTWAIT), 1);
    }
    close_both(fds);
    errno = error;
    return result;
}

static int wait_fd(int fd)
{
    return green_wait_fd(fd, GREEN_READ, GREEN_FOREVER) == GREEN_READ ? 0 : -1;
}

static int wait_select(int fd)
{
    green_case_t cases[] = {GREEN_ON_TIMER(GREEN_FOREVER),
                            GREEN_ON_FD(fd, GREEN_READ)};

    return green_select(cases, 2, GREEN_FOREVER) == 1 ? 0 : -1;
}

static int wait_poll(int fd)
{
    struct pollfd fds[] = {{-1, 0, 0}, {fd, POLLIN, 0}};

    return green_poll(fds, 2, GREEN_FOREVER) == 1 ? 0 : -1;
}

static int wait_peek(int fd)
{
    char byte;

    return green_recv(fd, &byte, 1, MSG_PEEK) == 1 ? 0 : -1;
}

static int by_wait_fd(void)
{
    return wait_for_byte(wait_fd);
}

static int by_select(void)
{
    return wait_for_byte(wait_select);
}

static int by_poll(void)
{
    return wait_for_byte(wait_poll);
}

static int by_recv(void)
{
    return wait_for_byte(wait_peek);
}

static void watching_a_descriptor_fails_cleanly(void **state)
{
    (void)state;
    sweep(&(struct operation){"by_wait_fd", by_wait_fd, true});
    sweep(&(struct operation){"by_wait_fd", by_wait_fd, false});
    sweep(&(struct operation){"by_select", by_select, false});
    sweep(&(struct operation){"by_poll", by_poll, false});
    sweep(&(struct operation){"by_recv", by_recv, false});
}

/* ---- other threads ---- */

static _Thread_local int answers;

static void *count_answer(void *arg)
{
    answers++;
    return arg;
}

static int send_to_self(void)
{
    green_hub_t *hub = green_hub();
    int result, error;

    answers = 0;
    result = hub ? green_spawn_on(hub, count_answer, NULL) : -1;
    error = errno;
    if (result == 0)
        green_sleep(GREEN_MS);
    fault.armed = false; /* it starts when there is memory for it again */
    while (result == 0 && answers == 0)
        check_equal(green_sleep(GREEN_MS), 0);
    check_equal(answers, result == 0);
    errno = error;
    return result;
}

static int offload_one(void)
{
    int one;
    void *value = NULL;

    if (green_offload(return_argument, &one, &value, GREEN_FOREVER)) {
        check(value == NULL);
        return -1;
    }
    check(value == &one);
    return 0;
}

static void reaching_other_threads_fails_cleanly(void **state)
{
    (void)state;
    sweep(&(struct operation){"send_to_self", send_to_self, true});
    sweep(&(struct operation){"send_to_self", send_to_self, false});
    sweep(&(struct operation){"offload_one", offload_one, false});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(spawning_without_memory_fails_cleanly),
        green_test(what_greenlets_note_fails_cleanly_without_memory),
        green_test(a_queue_that_cannot_grow_loses_nothing),
        green_test(watching_a_descriptor_fails_cleanly),
        green_test(reaching_other_threads_fails_cleanly),
    };

    return cmocka_run_group_tests(tests, take_calls, NULL);
}

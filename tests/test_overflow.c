/* SPDX-License-Identifier: MIT */
/* test_overflow.c - what a program that overflows a stack, or faults in any
 * other way, leaves behind.
 *
 * Each part runs in a child: it is to die, or its handlers are to be seen. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "child.h"
#include "green.h"
#include "green_impl.h"
#include "switch.h"

/* Sanitizers report faults themselves, and libgreen leaves it to them. */
void __asan_init(void) __attribute__((weak));
void __tsan_init(void) __attribute__((weak));
void __msan_init(void) __attribute__((weak));

/* ---- ways to fault ---- */

static volatile char sink;

__attribute__((noinline)) static int dive(int depth)
{
    volatile char frame[256];

    memset((char *)(uintptr_t)frame, depth, sizeof frame);
    return depth == 0 ? 0 : dive(depth - 1) + frame[depth % 256];
}

static void *overflow(void *arg)
{
    sink = (char)dive(1 << 30);
    return arg;
}

/* Frames of 32 KiB, of which only the far ends are touched. */
static volatile size_t leap_size = 32 << 10;

__attribute__((noinline)) static void leap(int times, volatile char *above)
{
    volatile char *frame = __builtin_alloca(leap_size);

    frame[0] = above[0];
    if (times > 0)
        leap(times - 1, frame);
    sink = frame[0];
}

static void *overflow_by_leaps(void *arg)
{
    leap(1000, &sink);
    return arg;
}

static char *lowest(void)
{
    const green_t *g = green_self();

    return green__stack_low(g->stack_class, g->stack);
}

static void *touch_the_last_byte(void *arg)
{
    volatile char *low = lowest();

    low[0] = low[4095] = 1;
    return arg;
}

static void *overflow_by_one_byte(void *arg)
{
    volatile char *low = lowest();

    low[0] = 1;
    low[-1] = 1;
    return arg;
}

static int *volatile nowhere;

static void *write_to_null(void *arg)
{
    *nowhere = 1;
    return arg;
}

static void spawn_and_join(const char *name, size_t stack_size,
                           void *(*fn)(void *))
{
    const green_options_t options = {.name = name, .stack_size = stack_size};
    green_t *g = green_spawn_with(&options, fn, NULL);

    CHECK(g);
    CHECK(green_join(g, NULL, GREEN_FOREVER) == 0);
    green_release(g);
}

static void *nothing(void *arg)
{
    return arg;
}

/* ---- the program's own handlers ---- */

static void say(const char *text)
{
    (void)!write(STDERR_FILENO, text, strlen(text));
}

static void on_signal(int signo)
{
    say(signo == SIGSEGV ? "handler\n" : "handler of what?\n");
}

static volatile uintptr_t fault_address;

static void on_siginfo(int signo, siginfo_t *info, void *context)
{
    say(signo == SIGSEGV && info->si_signo == SIGSEGV && context
            ? "handler with arguments\n"
            : "handler without arguments\n");
    fault_address = (uintptr_t)info->si_addr;
}

static void on_siginfo_exit(int signo, siginfo_t *info, void *context)
{
    on_siginfo(signo, info, context);
    say(fault_address == (uintptr_t)nowhere ? "of NULL\n" : "elsewhere\n");
    _exit(42);
}

static struct sigaction older;

static void on_siginfo_chain(int signo, siginfo_t *info, void *context)
{
    say("younger\n");
    CHECK(older.sa_flags & SA_SIGINFO);
    older.sa_sigaction(signo, info, context);
}

static void on_signal_older(int signo)
{
    (void)signo;
    say("older\n");
}

static void handle_plain(void (*handler)(int))
{
    struct sigaction a;

    memset(&a, 0, sizeof a);
    a.sa_handler = handler;
    sigaction(SIGSEGV, &a, NULL);
}

static void handle(void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction a;

    memset(&a, 0, sizeof a);
    a.sa_sigaction = handler;
    a.sa_flags = SA_SIGINFO | flags;
    sigaction(SIGSEGV, &a, &older);
}

/* ---- the line ---- */

static bool has_line(const struct outcome *o, const char *part)
{
    const char *line = strstr(o->text, "libgreen: greenlet ");

    return line && strstr(line, part) &&
           !strstr(line + 1, "libgreen: "); /* one line, once */
}

/* On Valgrind, which has seen the fault, a status of its own. */
static bool exited_with(const struct outcome *o, int status)
{
    return WIFEXITED(o->status) &&
           (WEXITSTATUS(o->status) == status || green__on_valgrind());
}

static bool is_last_line(const struct outcome *o)
{
    const char *end = strchr(o->text, '\n');

    return end && end[1] == '\0';
}

static void overflow_named(void)
{
    spawn_and_join("worker", 256 << 10, overflow);
}

static void an_overflow_is_named_in_one_line(void **state)
{
    const struct outcome *o = run_in_child(overflow_named);
    unsigned long long id, address;
    int n = 0;

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_int_equal(sscanf(o->text,
                            "libgreen: greenlet %llu (worker) overflowed"
                            " its 256 KiB stack (fault at %llx)%n",
                            &id, &address, &n),
                     2);
    assert_true(n > 0 && o->text[n] == '\n');
    assert_true(is_last_line(o));
    assert_true(id > 0 && address > 4096);
}

static void overflow_unnamed(void)
{
    spawn_and_join(NULL, 64 << 10, overflow);
}

static void a_greenlet_without_a_name_has_its_number(void **state)
{
    const struct outcome *o = run_in_child(overflow_unnamed);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, " overflowed its 64 KiB stack (fault at 0x"));
    assert_ptr_equal(strchr(o->text, '('), strstr(o->text, "(fault at"));
}

static char long_name[4000];

static void overflow_long_named(void)
{
    memset(long_name, 'n', sizeof long_name - 1);
    spawn_and_join(long_name, 64 << 10, overflow);
}

static void a_long_name_is_cut_and_the_line_is_whole(void **state)
{
    const struct outcome *o = run_in_child(overflow_long_named);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "nnnnnnnn"));
    assert_true(has_line(o, ") overflowed its 64 KiB stack (fault at 0x"));
    assert_true(is_last_line(o));
}

static void leap_in_greenlet(void)
{
    spawn_and_join("leaper", 256 << 10, overflow_by_leaps);
}

static void a_large_frame_does_not_jump_over_the_guard(void **state)
{
    const struct outcome *o = run_in_child(leap_in_greenlet);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "(leaper) overflowed its 256 KiB stack"));
}

static void use_the_whole_stack(void)
{
    spawn_and_join("frugal", 64 << 10, touch_the_last_byte);
    spawn_and_join("frugal", 1, touch_the_last_byte);
}

static void the_last_byte_of_a_stack_may_be_used(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(use_the_whole_stack)));
}

static void overflow_barely(void)
{
    spawn_and_join("one", 64 << 10, overflow_by_one_byte);
}

static void an_overflow_by_one_byte_is_named(void **state)
{
    const struct outcome *o = run_in_child(overflow_barely);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "(one) overflowed its 64 KiB stack"));
    assert_true(is_last_line(o));
}

/* ---- the smallest stack there is ---- */

static void overflow_the_smallest(void)
{
    spawn_and_join("small", 1, overflow);
}

static void leap_in_the_smallest(void)
{
    spawn_and_join("small", 1, overflow_by_leaps);
}

static void overflow_the_smallest_barely(void)
{
    spawn_and_join("small", 1, overflow_by_one_byte);
}

static void the_smallest_stack_overflows_like_any_other(void **state)
{
    void (*const ways[])(void) = {overflow_the_smallest, leap_in_the_smallest,
                                  overflow_the_smallest_barely};

    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct outcome *o = run_in_child(ways[i]);

        assert_true(died_of(o, SIGSEGV));
        assert_true(has_line(o, "(small) overflowed its "));
        assert_true(is_last_line(o));
    }
}

/* ---- in a signal handler, which runs on the greenlet's stack ---- */

static void on_signal_overflow(int signo)
{
    (void)signo;
    overflow(NULL);
}

static void *overflow_in_handler(void *arg)
{
    signal(SIGUSR1, on_signal_overflow);
    raise(SIGUSR1);
    return arg;
}

static void overflow_handling(void)
{
    spawn_and_join("handler", 64 << 10, overflow_in_handler);
}

static void a_signal_handler_that_overflows_is_named(void **state)
{
    const struct outcome *o = run_in_child(overflow_handling);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "(handler) overflowed its 64 KiB stack"));
    assert_true(is_last_line(o));
}

static void overflow_the_hundredth(void)
{
    int i;

    for (i = 0; i < 99; i++)
        green_release(green_spawn(nothing, NULL));
    spawn_and_join("hundredth", 0, overflow);
}

static void any_greenlet_that_overflows_is_named(void **state)
{
    const struct outcome *o = run_in_child(overflow_the_hundredth);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "(hundredth) overflowed"));
}

static void *overflow_in_thread(void *arg)
{
    overflow_named();
    return arg;
}

static void overflow_elsewhere(void)
{
    pthread_t thread;

    spawn_and_join("first", 0, nothing);
    CHECK(pthread_create(&thread, NULL, overflow_in_thread, NULL) == 0);
    pthread_join(thread, NULL);
}

static void an_overflow_in_another_thread_is_named(void **state)
{
    const struct outcome *o = run_in_child(overflow_elsewhere);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "(worker) overflowed its 256 KiB stack"));
}

/* ---- handlers of the program, and an overflow ---- */

static void install_before(void)
{
    handle(on_siginfo, 0);
    overflow_named();
}

static void a_handler_from_before_runs_after_the_line(void **state)
{
    const struct outcome *o = run_in_child(install_before);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, " stack (fault at "));
    assert_true(has_line(o, "handler with arguments\n"));
}

static void install_plain_before(void)
{
    handle_plain(on_signal);
    overflow_named();
}

static void a_handler_of_one_argument_runs_too(void **state)
{
    const struct outcome *o = run_in_child(install_plain_before);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "\nhandler\n"));
}

static void install_after(void)
{
    spawn_and_join("first", 0, nothing);
    handle(on_siginfo, 0);
    overflow_named();
}

static void a_handler_from_after_runs_after_the_line(void **state)
{
    const struct outcome *o = run_in_child(install_after);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "overflowed"));
    assert_true(has_line(o, "handler with arguments\n"));
}

static void *install_and_overflow(void *arg)
{
    handle(on_siginfo, SA_ONSTACK);
    spawn_and_join("worker", 256 << 10, overflow);
    return arg;
}

static void install_in_greenlet(void)
{
    spawn_and_join("installer", 0, install_and_overflow);
}

static void a_handler_installed_in_a_greenlet_runs_after_the_line(void **state)
{
    const struct outcome *o = run_in_child(install_in_greenlet);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "(worker) overflowed"));
    assert_true(has_line(o, "handler with arguments\n"));
}

static void install_one_that_exits(void)
{
    handle(on_siginfo_exit, 0);
    overflow_named();
}

static void a_handler_may_end_the_process_its_own_way(void **state)
{
    const struct outcome *o = run_in_child(install_one_that_exits);

    (void)state;
    assert_true(WIFEXITED(o->status));
    assert_int_equal(WEXITSTATUS(o->status), 42);
    assert_true(has_line(o, "overflowed"));
    assert_true(has_line(o, "handler with arguments\nelsewhere\n"));
}

static void install_older_and_younger(void)
{
    handle_plain(on_signal_older);
    spawn_and_join("first", 0, nothing);
    handle(on_siginfo_chain, 0);
    overflow_named();
}

static void handlers_that_call_their_elders_all_run_once(void **state)
{
    const struct outcome *o = run_in_child(install_older_and_younger);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "overflowed"));
    assert_true(has_line(o, "\nyounger\nolder\n"));
}

static void install_only_younger(void)
{
    spawn_and_join("first", 0, nothing);
    handle(on_siginfo_chain, 0);
    overflow_named();
}

static void a_handler_whose_elder_is_the_default_action_runs_once(void **state)
{
    const struct outcome *o = run_in_child(install_only_younger);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "overflowed"));
    assert_true(has_line(o, "\nyounger\n"));
    assert_null(strstr(strstr(o->text, "younger") + 1, "younger"));
}

/* ---- other faults ---- */

static void null_in_greenlet(void)
{
    spawn_and_join("worker", 0, write_to_null);
}

static void a_null_write_in_a_greenlet_is_an_ordinary_fault(void **state)
{
    const struct outcome *o = run_in_child(null_in_greenlet);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_string_equal(o->text, "");
}

static void null_in_main(void)
{
    spawn_and_join("first", 0, nothing);
    write_to_null(NULL);
}

static void a_null_write_in_main_is_an_ordinary_fault(void **state)
{
    const struct outcome *o = run_in_child(null_in_main);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_string_equal(o->text, "");
}

static void null_with_handler(void)
{
    handle(on_siginfo_exit, 0);
    null_in_greenlet();
}

static void a_handler_sees_other_faults_as_if_it_were_alone(void **state)
{
    const struct outcome *o = run_in_child(null_with_handler);

    (void)state;
    assert_true(exited_with(o, 42));
    assert_string_equal(o->text, "handler with arguments\nof NULL\n");
}

static void null_with_chain(void)
{
    handle_plain(on_signal_older);
    spawn_and_join("first", 0, nothing);
    handle(on_siginfo_chain, (int)SA_RESETHAND);
    null_in_greenlet();
}

/* The younger one asked to be called once; the fault then happens again. */
static void a_handler_for_once_is_called_once(void **state)
{
    const struct outcome *o = run_in_child(null_with_chain);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_string_equal(o->text, "younger\nolder\n");
}

static sigjmp_buf before_fault;

static void on_siginfo_jump(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)info, (void)context;
    siglongjmp(before_fault, 1);
}

static void *fault_and_recover(void *arg)
{
    volatile int i;

    for (i = 0; i < 5; i++)
        if (sigsetjmp(before_fault, 1) == 0)
            write_to_null(NULL);
    return arg;
}

static void recover_often(void)
{
    handle(on_siginfo_jump, SA_NODEFER);
    spawn_and_join("first", 0, fault_and_recover);
    spawn_and_join("second", 0, fault_and_recover);
    say("recovered\n");
}

static void a_handler_may_jump_out_again_and_again(void **state)
{
    const struct outcome *o = run_in_child(recover_often);

    (void)state;
    assert_true(WIFEXITED(o->status));
    assert_string_equal(o->text, "recovered\n");
}

static void recover_then_overflow(void)
{
    handle(on_siginfo_jump, 0);
    spawn_and_join("first", 0, fault_and_recover);
    handle_plain(on_signal);
    overflow_named();
}

static void an_overflow_is_named_also_after_a_jump_out(void **state)
{
    const struct outcome *o = run_in_child(recover_then_overflow);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "(worker) overflowed"));
    assert_true(has_line(o, "\nhandler\n"));
}

static void *be_sent_a_signal(void *arg)
{
    kill(getpid(), SIGSEGV);
    say("still here\n");
    return arg;
}

static void send_signal(void)
{
    spawn_and_join("first", 0, nothing);
    spawn_and_join("worker", 0, be_sent_a_signal);
}

static void a_sigsegv_that_was_sent_kills_as_ever(void **state)
{
    const struct outcome *o = run_in_child(send_signal);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_string_equal(o->text, "");
}

static void send_ignored_signal(void)
{
    handle_plain(SIG_IGN);
    send_signal();
}

static void a_sigsegv_that_was_sent_can_be_ignored_as_ever(void **state)
{
    const struct outcome *o = run_in_child(send_ignored_signal);

    (void)state;
    assert_true(WIFEXITED(o->status));
    assert_string_equal(o->text, "still here\n");
}

static void null_ignored(void)
{
    handle_plain(SIG_IGN);
    null_in_greenlet();
}

static void a_fault_cannot_be_ignored(void **state)
{
    (void)state;
    assert_true(died_of(run_in_child(null_ignored), SIGSEGV));
}

/* A page of a file that is not there any more. */
static void *touch_cut_file(void *arg)
{
    char path[] = "/tmp/green-overflow-XXXXXX";
    int fd = mkstemp(path);
    char *page;

    CHECK(fd >= 0);
    unlink(path);
    page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(page != MAP_FAILED);
    sink = page[0];
    return arg;
}

static void cause_sigbus(void)
{
    spawn_and_join("worker", 0, touch_cut_file);
}

static void a_bus_error_is_an_ordinary_one(void **state)
{
    const struct outcome *o = run_in_child(cause_sigbus);

    (void)state;
    assert_true(died_of(o, SIGBUS));
    assert_string_equal(o->text, "");
}

/* ---- signal stacks ---- */

static char own_signal_stack[65536];

static void on_siginfo_where(int signo, siginfo_t *info, void *context)
{
    char here;
    uintptr_t offset = (uintptr_t)&here - (uintptr_t)own_signal_stack;

    (void)signo, (void)info, (void)context;
    say(offset < sizeof own_signal_stack ? "own stack\n" : "other stack\n");
}

static void keep_signal_stack(void)
{
    const stack_t own = {.ss_sp = own_signal_stack,
                         .ss_size = sizeof own_signal_stack};

    CHECK(sigaltstack(&own, NULL) == 0);
    handle(on_siginfo_where, SA_ONSTACK);
    overflow_named();
}

static void the_signal_stack_that_a_program_has_is_kept(void **state)
{
    const struct outcome *o = run_in_child(keep_signal_stack);

    (void)state;
    assert_true(died_of(o, SIGSEGV));
    assert_true(has_line(o, "overflowed"));
    assert_true(has_line(o, "\nown stack\n"));
}

static void *use_greenlets(void *arg)
{
    stack_t s;

    spawn_and_join("first", 0, nothing);
    CHECK(sigaltstack(NULL, &s) == 0 && !(s.ss_flags & SS_DISABLE));
    *(void **)arg = s.ss_sp;
    return NULL;
}

static void start_and_end_thread(void)
{
    unsigned char resident;
    pthread_t thread;
    void *signal_stack;

    CHECK(pthread_create(&thread, NULL, use_greenlets, &signal_stack) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(mincore(signal_stack, 1, &resident) != 0 && errno == ENOMEM);
}

static void a_thread_that_ends_frees_its_signal_stack(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(start_and_end_thread)));
}

static void look_at_handlers(void)
{
    struct sigaction a;

    green_now();
    CHECK(sigaction(SIGSEGV, NULL, &a) == 0 && a.sa_handler == SIG_DFL);
    CHECK(sigaction(SIGBUS, NULL, &a) == 0 && a.sa_handler == SIG_DFL);
}

static void no_handler_is_installed_without_a_greenlet(void **state)
{
    (void)state;
    assert_true(went_well(run_in_child(look_at_handlers)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_overflow_is_named_in_one_line),
        cmocka_unit_test(a_greenlet_without_a_name_has_its_number),
        cmocka_unit_test(a_long_name_is_cut_and_the_line_is_whole),
        cmocka_unit_test(a_large_frame_does_not_jump_over_the_guard),
        cmocka_unit_test(the_last_byte_of_a_stack_may_be_used),
        cmocka_unit_test(an_overflow_by_one_byte_is_named),
        cmocka_unit_test(the_smallest_stack_overflows_like_any_other),
        cmocka_unit_test(a_signal_handler_that_overflows_is_named),
        cmocka_unit_test(any_greenlet_that_overflows_is_named),
        cmocka_unit_test(an_overflow_in_another_thread_is_named),
        cmocka_unit_test(a_handler_from_before_runs_after_the_line),
        cmocka_unit_test(a_handler_of_one_argument_runs_too),
        cmocka_unit_test(a_handler_from_after_runs_after_the_line),
        cmocka_unit_test(a_handler_installed_in_a_greenlet_runs_after_the_line),
        cmocka_unit_test(a_handler_may_end_the_process_its_own_way),
        cmocka_unit_test(handlers_that_call_their_elders_all_run_once),
        cmocka_unit_test(a_handler_whose_elder_is_the_default_action_runs_once),
        cmocka_unit_test(a_null_write_in_a_greenlet_is_an_ordinary_fault),
        cmocka_unit_test(a_null_write_in_main_is_an_ordinary_fault),
        cmocka_unit_test(a_handler_sees_other_faults_as_if_it_were_alone),
        cmocka_unit_test(a_handler_for_once_is_called_once),
        cmocka_unit_test(a_handler_may_jump_out_again_and_again),
        cmocka_unit_test(an_overflow_is_named_also_after_a_jump_out),
        cmocka_unit_test(a_sigsegv_that_was_sent_kills_as_ever),
        cmocka_unit_test(a_sigsegv_that_was_sent_can_be_ignored_as_ever),
        cmocka_unit_test(a_fault_cannot_be_ignored),
        cmocka_unit_test(a_bus_error_is_an_ordinary_one),
        cmocka_unit_test(the_signal_stack_that_a_program_has_is_kept),
        cmocka_unit_test(a_thread_that_ends_frees_its_signal_stack),
        cmocka_unit_test(no_handler_is_installed_without_a_greenlet),
    };

    if (__asan_init || __tsan_init || __msan_init)
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* green.h - libgreen: greenlets for C.  This header is the manual.
 *
 * A greenlet is a function that runs beside others in one thread, on a stack
 * of its own.  When it has to wait, for a peer, a lock or a moment, another
 * one runs; nothing interrupts it in between.  So code is written as if
 * blocking were cheap, and ten thousand connections are ten thousand plain
 * functions:
 *
 *     #include <green.h>
 *     #include <stdio.h>
 *
 *     static void *count(void *name)
 *     {
 *         for (int i = 1; i <= 3; i++) {
 *             printf("%s %d\n", (char *)name, i);
 *             green_sleep(10 * GREEN_MS);
 *         }
 *         return NULL;
 *     }
 *
 *     int main(void)
 *     {
 *         green_t *both[2];
 *
 *         both[0] = green_spawn(count, "a");
 *         both[1] = green_spawn(count, "b");
 *         green_joinall(both, 2, GREEN_FOREVER);
 *         green_releaseall(both, 2);
 *     }
 *
 * Compile it as any C program and link with -lgreen.  Nothing need be started
 * or stopped: the first call in a thread makes a greenlet of the code that is
 * running, and a hub that looks after all greenlets of the thread.  The end of
 * main ends the process, whatever other greenlets are doing.
 *
 *
 * How to read this manual
 *
 * Above each call stand what it does, what to know about it, what it returns,
 * and, last, whether another greenlet may run before it returns: "Never
 * switches", "Switches" (always), "Switches if" or "May switch".  Between two
 * switches everything is yours alone, and no lock is needed.
 *
 * A blocking call is one that can switch.  In what follows, main stands for
 * the greenlet that a thread begins with, whatever its function is called.
 *
 *
 * Results and errors
 *
 * As in POSIX: int and ssize_t calls return -1 and set errno, calls that make
 * something return NULL and set errno.  errno belongs to the greenlet and
 * survives switches.  When a call fails its outputs are left alone.  An errno
 * means the same everywhere:
 *
 *     ETIMEDOUT  the timeout of this call, or of an enclosing scope, passed;
 *     ECANCELED  the calling greenlet was killed;
 *     EPIPE      the queue or pool, or the other end of the connection, is
 *                closed;
 *     EDEADLK    it would wait for itself, or nothing could ever end the wait;
 *     EBADF      the descriptor is closed, also when it was closed meanwhile;
 *     ENOMEM     there is no memory, and nothing was changed;
 *     EINVAL     an argument that no caller could mean, such as NULL for g;
 *     other      from the system call, untouched.
 *
 * A call that has no way to say EINVAL, such as green_mutex_unlock, must not be
 * given NULL unless it says that NULL is allowed.
 *
 * Nothing could ever end a wait when no greenlet is ready, no timer runs, no
 * descriptor is waited for, and no other thread has greenlets or owes us an
 * answer.  Then a report tells who waits for what, and the wait of main fails;
 * the others go on waiting, since main may yet end their waits.
 *
 * A thread's first call makes its hub and can therefore fail with ENOMEM (or
 * EMFILE and the like); this is not repeated at each call.  Nothing on the way
 * into a wait needs memory.
 *
 * Misuse that would corrupt the program, such as unlocking the mutex of
 * another greenlet, writes one line to standard error and aborts, in every
 * build.  Nothing else is ever printed unasked, but the deadlock report (see
 * green_set_deadlock_fn) and the name of a greenlet whose stack ran over.
 *
 *
 * Timeouts
 *
 * A timeout is the last argument: relative, an int64_t of nanoseconds, written
 * with its unit, 500 * GREEN_MS.  GREEN_FOREVER never ends.  0 or less means
 * "do not wait": the call does what can be done at once, never switches, and
 * fails with ETIMEDOUT if there is nothing to be had.  No wait ends early.
 *
 * Several things due at the same moment happen in a fixed order: descriptors
 * that are ready, then sleepers, then timeouts.  A wait ends once, for one
 * reason: what was decided first stays, so a success is never turned into a
 * timeout because its greenlet had to queue before it ran.
 *
 *
 * Order
 *
 * Greenlets that are ready run in the order in which they became so.  Waiters
 * are served in the order in which they came, and what one of them waited for
 * is handed to it at that moment: no latecomer can snatch it away, no wake-up
 * and no item is lost.  The same greenlets with the same inputs run in the
 * same order, each time.
 *
 *
 * Whose memory it is
 *
 * If you can declare it, you own it; if you only hold a pointer, the library
 * does.  Events, semaphores, mutexes, conditions, queues, groups, pools,
 * locals, scopes and cases are structs of yours: initialise them with
 * GREEN_..._INIT or the call of that name, neither of which can fail, and leave
 * their fields alone.  They must stay in place while somebody waits on them, a
 * group or pool also while it has members.  Only queues, groups and pools have
 * to be destroyed.  Greenlets, imaps, servers, streams and hubs are the
 * library's, and known by pointer.
 *
 *
 * Kill
 *
 *  1. green_kill(g) marks g and ends the wait it is in, if any, with
 *     ECANCELED.  It neither switches nor waits; green_join waits.
 *  2. From then on every blocking call of g fails with ECANCELED at once, also
 *     one that would not have had to wait.  With a timeout of 0 or less a call
 *     is a try, and still does what it can.
 *  3. A wait that had already got what it waited for still succeeds; the kill
 *     shows in the next one.
 *  4. Cleanup that has to block runs between green_shield_begin and
 *     green_scope_end, where kill and outer timeouts do not reach, for a time
 *     that you set.
 *  5. A greenlet always runs, even if it is killed before its first run: it
 *     may own its argument.  It meets the kill at its first blocking call.
 *  6. Nothing is unwound by force.  A kill is an ordinary error return; clean
 *     up as for any other, and return.
 *  7. A killed greenlet that goes on making blocking calls still lets the
 *     others run now and then.
 *
 * ECANCELED and not EINTR, since existing code answers EINTR by trying again.
 * main can be killed too.  What is said here of kills holds for an expired
 * timeout scope as well, with ETIMEDOUT.
 *
 *
 * Threads, signals, fork
 *
 * Each thread has its own hub, and a greenlet stays in its thread, as do the
 * objects that its greenlets share.  Unless its last line says that it "may be
 * called from any thread" or "from a signal handler", call a function only
 * from greenlets of the thread whose objects you pass to it; handing it a
 * greenlet of another thread aborts where that is noticed.  To reach another
 * thread use green_spawn_on or green_call_on; to let one do slow work,
 * green_offload.  When a thread ends, its greenlets are gone, wherever they
 * were, and what they held is lost.  One of them may end it, by pthread_exit.
 *
 * Do not hold a pthread mutex across a blocking call, and never longjmp into
 * the frames of another greenlet.  In C++, an exception must be caught in the
 * greenlet in which it is thrown; while it is handled others may run and
 * throw.  Static buffers, such as strtok's, and thread-local variables are
 * shared by all greenlets of a thread; see green_local_t for what each should
 * have for itself.  Rounding mode and flush-to-zero belong to the greenlet.  A
 * child made by plain fork must go on to exec or _exit; see green_fork.
 *
 *
 * Environment variables, read when they are first needed
 *
 *     GREEN_STACK_SIZE  default size of a stack, in bytes, with K or M after
 *                       it if you like.  Without it: 256K, on 32-bit
 *                       machines 64K;
 *     GREEN_BACKEND     epoll, kqueue or poll: how to watch descriptors.
 *                       Without it: the first of these that works.  One that
 *                       the system lacks makes waits for them fail with
 *                       ENOSYS;
 *     GREEN_FILES       uring: have the kernel read and write regular files by
 *                       io_uring, where it lets us, instead of threads;
 *                       plain: make plain calls on them, which stop the
 *                       thread but take no other;
 *     GREEN_SPIN_US     microseconds: with nothing to do, a hub keeps asking for so
 *                       long before it sleeps.  An answer that comes meanwhile
 *                       is had sooner by what it takes to be woken, for a CPU
 *                       that is busy.  Without it: 0;
 *     GREEN_DUMP_SIGNAL a signal, such as SIGUSR1 or 10: dump all greenlets when
 *                       it comes, see green_dump_on_signal;
 *     GREEN_DEBUG_SOCKET a path: open a socket there in the first thread, see
 *                       green_debug_start.  The first %p in it stands for the
 *                       process's number;
 *     GREEN_WATCHDOG_MS milliseconds: report a greenlet that runs for longer
 *                       without giving way, see green_watchdog;
 *     GREEN_TRACE       a file: record there what each greenlet does, as
 *                       green_trace_start does, from the first call to exit.
 *                       The first %p in it stands for the process's number;
 *     GREEN_PATCH       families, separated by commas, or all: patch them before
 *                       main, see green_patch.  Among them, report: write
 *                       green_patch_report at exit;
 *     GREEN_TRACE_HASH  1: keep the hash that green_trace_hash returns.
 */
#ifndef GREEN_H
#define GREEN_H

#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What compilers are told about the declarations below; not for programs. */
#if defined(__GNUC__)
#define GREEN_API __attribute__((visibility("default")))
#define GREEN_PATCH_API GREEN_API
#define GREEN_NORETURN __attribute__((noreturn))
#define GREEN_FORMAT(string, first)                                            \
    __attribute__((format(printf, string, first)))
#else
#define GREEN_API
#define GREEN_PATCH_API
#define GREEN_NORETURN
#define GREEN_FORMAT(string, first)
#endif

struct addrinfo; /* <netdb.h> */

/* ---- version ---- */

/* The version of this header.  While MAJOR is 0, a new MINOR may change the
 * layout of structs; recompile then. */
#define GREEN_VERSION_MAJOR 0
#define GREEN_VERSION_MINOR 1
#define GREEN_VERSION_PATCH 0

/* Tell the version of the library that is running, which need not be the one
 * that the program was compiled for.
 *
 * Returns a constant string such as "0.1.0".
 *
 * Never switches.  May be called from any thread.  May be called from a signal
 * handler. */
GREEN_API const char *green_version(void);

/* ---- time ---- */

/* Times are nanoseconds in an int64_t, which is good for 292 years.  A timeout
 * is relative; to bound several calls together use a scope, or keep a deadline
 * and subtract.  If it is already too late, the result is negative, which
 * means "do not wait":
 *
 *     int64_t deadline = green_now() + 2 * GREEN_SEC;
 *     ...
 *     green_event_wait(&done, deadline - green_now());
 */

/* The units to multiply by, and the timeout that never passes. */
#define GREEN_US INT64_C(1000)
#define GREEN_MS INT64_C(1000000)
#define GREEN_SEC INT64_C(1000000000)
#define GREEN_FOREVER INT64_MAX

/* Read the clock that timeouts are measured by.
 *
 * It is monotonic, and its zero means nothing; only differences do.
 *
 * Returns the time in nanoseconds.
 *
 * Never switches.  May be called from any thread.  May be called from a signal
 * handler. */
GREEN_API int64_t green_now(void);

/* ---- greenlets ---- */

/* Spawn a function, and join it for its result.  What a greenlet returns stays
 * readable until the last reference to it is released:
 *
 *     green_t *g = green_spawn(fetch, url);
 *     void *page;
 *
 *     if (green_join(g, &page, 5 * GREEN_SEC) == 0)
 *         use(page);
 *     green_release(g);
 */

/* A greenlet, known by its handle.  Its stack goes when it ends; the handle
 * stays valid until each reference to it was released. */
typedef struct green green_t;

/* What a greenlet can be given at its birth.  All zero: the defaults.  Set
 * fields by name, since more may follow. */
typedef struct green_options {
    /* Shown by green_dump; copied.  NULL: none. */
    const char *name;
    /* Bytes of stack that it needs, rounded up.  0: the default. */
    size_t stack_size;
    /* Run it no earlier than this from now, in nanoseconds. */
    int64_t delay;
    /* This many bytes of *arg, at most half a stack, are copied at the call
     * and live on the new one; fn gets their address.  0: fn gets arg. */
    size_t copy;
} green_options_t;

/* Make a greenlet that will call fn(arg).
 *
 * It joins the end of the ready queue and first runs when the caller next
 * waits or yields, after all that were ready before it.  Its result is what fn
 * returns.  The address space of its stack is found here, so that a greenlet
 * that was made can always run.
 *
 * Returns the greenlet, with one reference for the caller, who must release
 * it, or NULL with errno:
 *     ENOMEM     no memory or address space for it;
 *     EINVAL     fn is NULL.
 *
 * Never switches. */
GREEN_API green_t *green_spawn(void *(*fn)(void *arg), void *arg);

/* Make a greenlet with options; NULL stands for the defaults.
 *
 * With a delay it joins the ready queue when that has passed.
 *
 * Returns the greenlet, with one reference for the caller, who must release
 * it, or NULL with errno:
 *     ENOMEM     no memory, or no stack can be that large;
 *     EINVAL     fn is NULL, or arg is NULL with bytes to copy, or there are
 *                more of them than half a stack holds.
 *
 * Never switches. */
GREEN_API green_t *green_spawn_with(const green_options_t *options,
                                    void *(*fn)(void *arg), void *arg);

/* Make a greenlet that nobody keeps a handle of.
 *
 * All of it is freed when it ends, and its result is dropped.
 *
 * Returns 0, or -1 with errno:
 *     ENOMEM     no memory or address space for it;
 *     EINVAL     fn is NULL.
 *
 * Never switches. */
GREEN_API int green_go(void *(*fn)(void *arg), void *arg);

/* Wait until a greenlet has ended.
 *
 * Any number may join it, also after its end and again.  They are woken in the
 * order they came, together with links, after its deferred calls and local
 * destructors have run.  Joining takes no reference away.  A greenlet that
 * failed counts as ended; see green_get for the other view.
 *
 * Returns 0 and sets *value, unless value is NULL, to its result (NULL if it
 * failed), or -1 with errno:
 *     ETIMEDOUT  it did not end in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    g is the caller, or waits for it, directly, through others, or
 *                for a group or pool with one of them, and the timeout is above
 *                0; or main waits, and nothing could ever end that;
 *     EINVAL     g is NULL.
 *
 * Switches if g has not ended. */
GREEN_API int green_join(green_t *g, void **value, int64_t timeout);

/* Wait until a greenlet has ended, and fail as it failed.
 *
 * As green_join, but the error of a greenlet that ended by green_fail becomes
 * this call's.  Ask green_error(g) where it matters whose error it is.
 *
 * Returns 0 and sets *value, unless value is NULL, to its result, or -1 with
 * errno:
 *     ETIMEDOUT  it did not end in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    as for green_join;
 *     EINVAL     g is NULL;
 *     other      the error that g failed with.
 *
 * Switches if g has not ended. */
GREEN_API int green_get(green_t *g, void **value, int64_t timeout);

/* Wait until each of n greenlets has ended.
 *
 * The timeout is for all of them together.  With n of 0 there is nothing to
 * wait for.
 *
 * Returns 0, whether they failed or not, or -1 with errno:
 *     ETIMEDOUT  not all of them ended in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    as for green_join;
 *     EINVAL     one of them, or gs with n above 0, is NULL.
 *
 * Switches if one of them has not ended. */
GREEN_API int green_joinall(green_t *const *gs, size_t n, int64_t timeout);

/* Wait until the first of n greenlets has ended.
 *
 * Of several that have ended already it is the one that ended first in time.
 * Call it again without that one, and they come in the order in which they
 * end:
 *
 *     while (n > 0 && (i = green_join_any(gs, n, GREEN_FOREVER)) >= 0) {
 *         use(green_value(gs[i]));
 *         green_release(gs[i]);
 *         gs[i] = gs[--n];
 *     }
 *
 * Those who join that greenlet are woken before.  gs must stay as it is
 * meanwhile.
 *
 * Returns its index, whether it failed or not, or -1 with errno:
 *     ETIMEDOUT  none ended in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    all of them are the caller, and the timeout is above 0; or
 *                main waits, and nothing could ever end that;
 *     EINVAL     n is 0 or above INT_MAX, or gs or one of them is NULL.
 *
 * Switches if none of them has ended. */
GREEN_API int green_join_any(green_t *const *gs, size_t n, int64_t timeout);

/* Let the others run until none is left; for main.
 *
 * All other greenlets of the thread are waited for, also those that begin
 * meanwhile, that have a delay, or whose handles nobody has; a server that was
 * not stopped never ends.  Greenlets that the library has for itself do not
 * count.  The end of main ends the process, whatever others are doing; with this
 * in front of it, it does not.  Aborts in a greenlet that is not main.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  some were left;
 *     ECANCELED  main was killed;
 *     EDEADLK    some are left, and nothing could ever end their waits.
 *
 * Switches if another greenlet is there. */
GREEN_API int green_run(int64_t timeout);

/* Tell a greenlet to end: its blocking calls fail with ECANCELED from now on.
 *
 * See the rules 1 to 7 at the top.  If it was to start later, it starts now.  A
 * second kill adds nothing, and one that comes after the end just makes
 * green_killed true.  One may kill oneself.  NULL is allowed.
 *
 * Never switches. */
GREEN_API void green_kill(green_t *g);

/* Kill n greenlets, then wait until each of them has ended.
 *
 * All are told before the first is waited for, and each runs up to its end or
 * its next wait in the order in which they are given.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  not all of them ended in time; they stay killed;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    as for green_join;
 *     EINVAL     one of them, or gs with n above 0, is NULL.
 *
 * Switches if one of them has not ended. */
GREEN_API int green_killall(green_t *const *gs, size_t n, int64_t timeout);

/* Tell whether a greenlet has begun to run.
 *
 * Returns true from its first instruction on, also when it has ended; false
 * for NULL.
 *
 * Never switches. */
GREEN_API bool green_started(const green_t *g);

/* Tell whether a greenlet has ended, so that joining it would not wait.
 *
 * Returns true if so; false for NULL.
 *
 * Never switches. */
GREEN_API bool green_ready(const green_t *g);

/* Tell whether a greenlet has ended well: by returning or by green_exit.
 *
 * One that was killed and returned has ended well, too.
 *
 * Returns true if so; false for NULL.
 *
 * Never switches. */
GREEN_API bool green_successful(const green_t *g);

/* Tell whether green_kill was called on a greenlet.
 *
 * Useful in its deferred calls and in links, and in a long computation that
 * makes no blocking calls: green_killed(green_self()).
 *
 * Returns true if so; false for NULL.
 *
 * Never switches. */
GREEN_API bool green_killed(const green_t *g);

/* Look up the result of a greenlet.
 *
 * Returns what it returned or passed to green_exit; NULL while it runs, if it
 * failed, or for NULL.
 *
 * Never switches. */
GREEN_API void *green_value(const green_t *g);

/* Look up the error that a greenlet failed with.
 *
 * Returns the errno value it passed to green_fail, 0 if it has not failed, or
 * EINVAL for NULL.
 *
 * Never switches. */
GREEN_API int green_error(const green_t *g);

/* Look up the words that a greenlet failed with.
 *
 * Returns the text of green_fail, at most 255 bytes of it, or "" if there is
 * none; it lives as long as the handle.
 *
 * Never switches. */
GREEN_API const char *green_error_text(const green_t *g);

/* Take one more reference to a greenlet.
 *
 * Returns g, for convenience; NULL for NULL.
 *
 * Never switches. */
GREEN_API green_t *green_retain(green_t *g);

/* Give one reference to a greenlet back.
 *
 * With the last one the handle and its result are gone, if the greenlet has
 * ended; otherwise it runs on and is freed at its end.  Releasing never kills.
 * Releasing once too often aborts where that is noticed.  NULL is allowed.
 *
 * Never switches. */
GREEN_API void green_release(green_t *g);

/* Give one reference to each of n greenlets back.
 *
 * NULLs among them are passed over.
 *
 * Never switches. */
GREEN_API void green_releaseall(green_t *const *gs, size_t n);

/* Look up the greenlet that is running.
 *
 * The caller gets no reference of its own; retain it before it is passed to
 * somebody who keeps it.
 *
 * Returns it, or NULL with errno:
 *     ENOMEM     this is the thread's first call, and there is no memory.
 *
 * Never switches. */
GREEN_API green_t *green_self(void);

/* Look up the number of a greenlet.
 *
 * Numbers count up from main, which is 1, and are never used twice in a hub.
 *
 * Returns the number, or 0 for NULL.
 *
 * Never switches. */
GREEN_API uint64_t green_id(const green_t *g);

/* Name the running greenlet, for green_dump and other reports.
 *
 * The name is copied.  NULL takes it away.  If there is no memory for it the
 * old one stays.
 *
 * Never switches. */
GREEN_API void green_set_name(const char *name);

/* Look up the name of a greenlet.
 *
 * Returns the name, "" if it has none or for NULL; main's is "main" until it is
 * changed.  It is valid until the greenlet is renamed or freed.
 *
 * Never switches. */
GREEN_API const char *green_name(const green_t *g);

/* Let every greenlet that is ready run once.
 *
 * The caller goes to the end of the ready queue: round-robin, strictly.
 * Descriptors and timers are looked at in between, however many there are that
 * only yield.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed.
 *
 * Switches if another greenlet is ready. */
GREEN_API int green_yield(void);

/* Say, in the middle of work that does not block, that one could give way now.
 *
 * It is what the calls on descriptors do that find what they need: once in a
 * while it lets the others run, and it fails where a blocking call would.  So a
 * long computation may be killed, bounded by a scope, and is no burden:
 *
 *     for (i = 0; i < n; i++)
 *         if (green_checkpoint() != 0 || mix(&state, block[i]) != 0)
 *             return NULL;
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed.
 *
 * May switch, about once in sixty calls. */
GREEN_API int green_checkpoint(void);

/* Wait for a while.
 *
 * It lasts the whole duration, measured from the call, or a little longer.
 * Those due at the same moment wake in the order in which they fell asleep.
 * 0 or less is green_yield.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main sleeps for ever, and nothing could ever end that.
 *
 * Switches. */
GREEN_API int green_sleep(int64_t duration);

/* End the running greenlet as if its function had returned value.
 *
 * Its deferred calls and local destructors run; the functions that are still
 * on its stack do not get to clean up, and their scopes are over.  In a deferred
 * call it takes the place of how the greenlet had ended.  Aborts in main, which
 * ends by returning.
 *
 * Does not return.
 *
 * Switches. */
GREEN_API GREEN_NORETURN void green_exit(void *value);

/* End the running greenlet as failed, with an errno value and words for it.
 *
 * Otherwise as green_exit.  The format is printf's; NULL: no words.  Aborts in
 * main, and if error is 0.
 *
 * Does not return.
 *
 * Switches. */
GREEN_API GREEN_NORETURN GREEN_FORMAT(2, 3)
void green_fail(int error, const char *format, ...);

/* Have fn(arg) called when the running greenlet ends.
 *
 * Deferred calls run on the greenlet itself, the latest first, then come the
 * destructors of its locals, which may defer more, and then those who join it
 * are woken.  They may block, as far as a kill lets them.  main's run at exit.
 *
 * Returns 0, or -1 with errno:
 *     ENOMEM     no memory to note it;
 *     EINVAL     fn is NULL.
 *
 * Never switches. */
GREEN_API int green_defer(void (*fn)(void *arg), void *arg);

/* Have fn(arg) run in a greenlet of its own once g has ended.
 *
 * Links and joiners of g are served in one order, the order in which they
 * came.  If g has ended already, fn is simply spawned.  What fn returns is
 * dropped.  Its greenlet is made here, so that at the end of g nothing can go
 * wrong.  The link holds no reference to g: let arg carry one if fn is to look
 * at it.
 *
 * Returns 0, or -1 with errno:
 *     ENOMEM     no memory for the greenlet;
 *     EINVAL     g or fn is NULL.
 *
 * Never switches. */
GREEN_API int green_link(green_t *g, void *(*fn)(void *arg), void *arg);

/* Have fn(arg) run in a greenlet of its own if g ends well.
 *
 * As green_link, but if g fails nothing happens.
 *
 * Returns 0, or -1 with errno:
 *     ENOMEM     no memory for the greenlet;
 *     EINVAL     g or fn is NULL.
 *
 * Never switches. */
GREEN_API int green_link_value(green_t *g, void *(*fn)(void *arg), void *arg);

/* Have fn(arg) run in a greenlet of its own if g fails.
 *
 * As green_link, but if g ends well nothing happens.
 *
 * Returns 0, or -1 with errno:
 *     ENOMEM     no memory for the greenlet;
 *     EINVAL     g or fn is NULL.
 *
 * Never switches. */
GREEN_API int green_link_error(green_t *g, void *(*fn)(void *arg), void *arg);

/* Take a link away: the first of g to fn(arg), by whichever call it was made.
 *
 * A link that is due but has not begun to run can still be taken away, so one
 * link can do without a later one.
 *
 * Returns true if there was one: fn will not run.
 *
 * Never switches. */
GREEN_API bool green_unlink(green_t *g, void *(*fn)(void *arg), void *arg);

/* ---- scopes: bound everything inside ---- */

/* A timeout scope bounds any number of calls, however deep, including those
 * that take no timeout.  Begin and end it in one function:
 *
 *     green_scope_t t;
 *
 *     green_timeout_begin(&t, 3 * GREEN_SEC);
 *     rc = fetch(host, &page);
 *     if (green_scope_end(&t))
 *         rc = use_cached(host, &page);
 *
 * Scopes nest, and the earliest deadline rules.  Once it has passed, every
 * blocking call inside fails with ETIMEDOUT, also one that would not have had
 * to wait, until the scope is ended; whether it has passed is judged by when
 * the hub last looked at the clock.  A scope needs no memory and no timer. */

/* A timeout scope or a shield; belongs in the frame of the function that
 * begins and ends it. */
typedef struct green_scope { /* private */
    struct green_scope *outer;
    green_t *owner;
    int64_t deadline;
    bool is_shield, fired;
} green_scope_t;

/* Begin a timeout scope: for the running greenlet, all that follows up to
 * green_scope_end must be done within the timeout.
 *
 * GREEN_FOREVER bounds nothing; 0 or less has expired from the start, and
 * refuses every blocking call.
 *
 * Never switches. */
GREEN_API void green_timeout_begin(green_scope_t *s, int64_t timeout);

/* Begin a shield: up to green_scope_end, neither a kill nor an outer scope
 * makes a blocking call of the running greenlet fail.
 *
 * Meant for cleanup that has to wait, and therefore limited: when the timeout
 * has passed the calls fail again, in a killed greenlet with ECANCELED, in
 * another with ETIMEDOUT.  A kill that comes meanwhile shows after the shield.
 * Scopes begun inside hold as ever.
 *
 * Never switches. */
GREEN_API void green_shield_begin(green_scope_t *s, int64_t timeout);

/* End a scope, and tell whether it made a call inside it fail.
 *
 * Of nested scopes only the one whose deadline came first reports, so an
 * expiry is never taken for that of another scope.  Scopes end in the reverse
 * order of their beginning, in the greenlet that began them; anything else
 * aborts, as does a greenlet's function that returns before its scopes have
 * ended.
 *
 * Returns true if a blocking call failed because the time of this scope was
 * up.
 *
 * Never switches. */
GREEN_API bool green_scope_end(green_scope_t *s);

/* ---- waiters: what the objects below contain ---- */

struct green_waiter;

/* A queue of greenlets that wait, the longest first.  It is in this header
 * only because the objects below contain it. */
typedef struct green_waiters { /* private; all zero: nobody waits */
    struct green_waiter *first, *last;
} green_waiters_t;

/* One place in such a queue, in the frame of the greenlet that waits. */
struct green_waiter { /* private */
    struct green_waiter *next, *prev;
    green_waiters_t *queue; /* that it is in, or NULL */
    green_t *greenlet;
    void *item;             /* what is handed over, or where it goes */
    int index;              /* of this waiter among those of one wait */
    int detail;             /* what for: see the object */
};

/* ---- event: tell many that something has happened ---- */

/* An event is a flag that greenlets can wait for.  Once set it stays so, and
 * waits pass straight through, until it is cleared:
 *
 *     static green_event_t ready = GREEN_EVENT_INIT;
 *
 *     green_event_wait(&ready, GREEN_FOREVER);     in many greenlets
 *     green_event_set(&ready);                     in one: all of them go on
 */

/* An event. */
typedef struct green_event { /* private */
    bool is_set;
    uint32_t served;
    green_waiters_t waiters;
} green_event_t;

/* The initial value of an event that is not set. */
#define GREEN_EVENT_INIT {false, 0, {NULL, NULL}}

/* Make an event that is not set.
 *
 * Never switches. */
GREEN_API void green_event_init(green_event_t *e);

/* Set an event and wake all who wait for it, in the order they came.
 *
 * A clear before they run takes nothing away from them.
 *
 * Never switches. */
GREEN_API void green_event_set(green_event_t *e);

/* Clear an event, so that later waits wait again.
 *
 * Never switches. */
GREEN_API void green_event_clear(green_event_t *e);

/* Tell whether an event is set.
 *
 * Returns true if so.
 *
 * Never switches. */
GREEN_API bool green_event_is_set(const green_event_t *e);

/* Wait until an event is set.
 *
 * Returns 0, also if it was cleared again meanwhile, or -1 with errno:
 *     ETIMEDOUT  it was not set in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     EINVAL     e is NULL.
 *
 * Switches if the event is not set, or if greenlets that it woke have yet to
 * run: those go first. */
GREEN_API int green_event_wait(green_event_t *e, int64_t timeout);

/* ---- future: a result that somebody will deliver ---- */

/* A future is an event with a value: one greenlet sets it or lets it fail, once,
 * and any number get what it was given, before or after:
 *
 *     static green_future_t page = GREEN_FUTURE_INIT;
 *
 *     green_future_get(&page, &value, GREEN_SEC);  in many greenlets
 *     green_future_set(&page, text);               in one
 */

/* A future. */
typedef struct green_future { /* private */
    bool is_ready;
    int error;
    void *value;
    green_waiters_t waiters;
} green_future_t;

/* The initial value of a future that is not ready. */
#define GREEN_FUTURE_INIT {false, 0, NULL, {NULL, NULL}}

/* Make a future that is not ready.
 *
 * Never switches. */
GREEN_API void green_future_init(green_future_t *f);

/* Deliver a value, and wake all who wait for it, in the order they came.
 *
 * Returns 0, or -1 with errno:
 *     EALREADY   the future is ready already; it keeps what it has.
 *
 * Never switches. */
GREEN_API int green_future_set(green_future_t *f, void *value);

/* Deliver a failure: whoever gets the future fails with this errno.
 *
 * Returns 0, or -1 with errno:
 *     EALREADY   the future is ready already; it keeps what it has;
 *     EINVAL     error is 0.
 *
 * Never switches. */
GREEN_API int green_future_fail(green_future_t *f, int error);

/* Tell whether a future has been set or has failed.
 *
 * Returns true if so.
 *
 * Never switches. */
GREEN_API bool green_future_is_ready(const green_future_t *f);

/* Get a future's value, waiting until it is ready.  value may be NULL.
 *
 * Returns 0, or -1 with errno:
 *     (any)      what green_future_fail was given;
 *     ETIMEDOUT  it was not ready in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     EINVAL     f is NULL.
 *
 * Switches if the future is not ready. */
GREEN_API int green_future_get(green_future_t *f, void **value,
                               int64_t timeout);

/* ---- sem: so many at a time ---- */

/* A semaphore is a number of permits.  Taking one waits until there is one;
 * posting gives one to whoever has waited longest:
 *
 *     green_sem_t slots = GREEN_SEM_INIT(10);
 *
 *     if (green_sem_wait(&slots, GREEN_FOREVER) == 0) {
 *         use_one_of_ten();
 *         green_sem_post(&slots);
 *     }
 */

/* A counting semaphore. */
typedef struct green_sem { /* private */
    long value;
    green_waiters_t waiters;
} green_sem_t;

/* The initial value of a semaphore with so many permits, 0 or more. */
#define GREEN_SEM_INIT(value) {(value), {NULL, NULL}}

/* Make a semaphore with so many permits.
 *
 * A negative number aborts.
 *
 * Never switches. */
GREEN_API void green_sem_init(green_sem_t *s, long value);

/* Take a permit, waiting for one if there is none.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  none came in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     EINVAL     s is NULL.
 *
 * Switches if there is no permit. */
GREEN_API int green_sem_wait(green_sem_t *s, int64_t timeout);

/* Add a permit; if greenlets wait, the one that came first has it.
 *
 * Anybody may post, whether or not it took one before.
 *
 * Never switches. */
GREEN_API void green_sem_post(green_sem_t *s);

/* Count the permits that are free.
 *
 * Returns the number; 0 while greenlets wait.
 *
 * Never switches. */
GREEN_API long green_sem_value(const green_sem_t *s);

/* ---- mutex: one at a time, across waits ---- */

/* Between two switches no lock is needed.  A mutex protects what must stay
 * together while its owner waits, such as the two halves of a message:
 *
 *     green_mutex_t m = GREEN_MUTEX_INIT;
 *
 *     if (green_mutex_lock(&m, GREEN_FOREVER) == 0) {
 *         green_write_all(fd, head, n_head);
 *         green_write_all(fd, body, n_body);
 *         green_mutex_unlock(&m);
 *     }
 *
 * A lock can fail, by a kill or a timeout: look at what it returns.  Unlock it
 * before the greenlet ends: nobody does it afterwards, and who waits for it waits
 * for ever. */

/* A mutex, owned by the greenlet that locked it; not recursive. */
typedef struct green_mutex { /* private */
    green_t *owner;
    green_waiters_t waiters;
} green_mutex_t;

/* The initial value of a mutex that is free. */
#define GREEN_MUTEX_INIT {NULL, {NULL, NULL}}

/* Make a mutex that is free.
 *
 * Never switches. */
GREEN_API void green_mutex_init(green_mutex_t *m);

/* Lock a mutex, waiting until it is free.
 *
 * Greenlets get it in the order they came.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  it was not free in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    the caller has it, whatever the timeout; or its owner waits
 *                for the caller, directly or through others, and the timeout
 *                is above 0; or main waits, and nothing could ever end that;
 *     EINVAL     m is NULL.
 *
 * Switches if another greenlet has it. */
GREEN_API int green_mutex_lock(green_mutex_t *m, int64_t timeout);

/* Unlock a mutex and hand it to the greenlet that has waited longest.
 *
 * Aborts if the caller does not have it.
 *
 * Never switches. */
GREEN_API void green_mutex_unlock(green_mutex_t *m);

/* ---- rlock: a mutex that its owner may lock again ---- */

/* An rlock is for code that takes a lock and calls code that takes it too:
 *
 *     green_rlock_lock(&l, GREEN_FOREVER);
 *     green_rlock_lock(&l, GREEN_FOREVER);   at once: it is ours
 *     green_rlock_unlock(&l);
 *     green_rlock_unlock(&l);                now others may have it
 */

/* A lock that counts. */
typedef struct green_rlock { /* private */
    green_mutex_t mutex;
    unsigned long depth;
} green_rlock_t;

/* The initial value of an rlock that is free. */
#define GREEN_RLOCK_INIT {GREEN_MUTEX_INIT, 0}

/* Make an rlock that is free.
 *
 * Never switches. */
GREEN_API void green_rlock_init(green_rlock_t *l);

/* Lock an rlock, waiting in line while another greenlet holds it.
 *
 * Each lock needs an unlock of its own.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  it did not become free in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    its owner waits for the caller, or main waits and nothing
 *                could ever end that;
 *     EINVAL     l is NULL.
 *
 * Switches if another greenlet holds the lock. */
GREEN_API int green_rlock_lock(green_rlock_t *l, int64_t timeout);

/* Undo one lock; with the last the longest waiting becomes the owner.
 *
 * The caller must be the owner: anything else aborts.
 *
 * Never switches. */
GREEN_API void green_rlock_unlock(green_rlock_t *l);

/* ---- cond: wait until something is true ---- */

/* A condition variable lets greenlets that hold a mutex wait for a change in
 * what it protects.  A loop tests for what is wanted, since it may have
 * changed again before the mutex was had:
 *
 *     green_mutex_lock(&m, GREEN_FOREVER);
 *     while (stock == 0)
 *         if (green_cond_wait(&arrived, &m, GREEN_FOREVER) == -1)
 *             break;
 *     ...
 *     green_mutex_unlock(&m);
 */

/* A condition variable. */
typedef struct green_cond { /* private */
    green_waiters_t waiters;
} green_cond_t;

/* The initial value of a condition variable. */
#define GREEN_COND_INIT {{NULL, NULL}}

/* Make a condition variable.
 *
 * Never switches. */
GREEN_API void green_cond_init(green_cond_t *c);

/* Unlock a mutex, wait to be signalled, and lock it again.
 *
 * The caller must have locked the mutex, else this aborts.  It has the mutex
 * again on return, however the wait ended; the timeout bounds the wait for the
 * signal, not that for the mutex.  There are no spurious wake-ups.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  no signal came in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that; if that holds
 *                for the mutex, too, the caller is without it;
 *     EINVAL     c or m is NULL.
 *
 * Switches if the timeout is above 0. */
GREEN_API int green_cond_wait(green_cond_t *c, green_mutex_t *m,
                              int64_t timeout);

/* Wake the greenlet that has waited longest, if any.
 *
 * The caller need not hold the mutex.
 *
 * Never switches. */
GREEN_API void green_cond_signal(green_cond_t *c);

/* Wake all who wait, in the order they came.
 *
 * The caller need not hold the mutex.
 *
 * Never switches. */
GREEN_API void green_cond_broadcast(green_cond_t *c);

/* ---- rwlock: many readers or one writer ---- */

/* All are served in the order they came: readers queue behind a writer that
 * waits, so writers are not starved.
 *
 *     green_rwlock_rdlock(&l, GREEN_FOREVER);   among other readers
 *     green_rwlock_unlock(&l);
 */

/* A lock with two ways in. */
typedef struct green_rwlock { /* private */
    green_t *writer;
    long readers;
    green_waiters_t waiters;
} green_rwlock_t;

/* The initial value of an rwlock that is free. */
#define GREEN_RWLOCK_INIT {NULL, 0, {NULL, NULL}}

/* Make an rwlock that is free.
 *
 * Never switches. */
GREEN_API void green_rwlock_init(green_rwlock_t *l);

/* Lock for reading, waiting while a writer holds the lock or is in line for it.
 *
 * A reader that locks again while a writer waits in between waits for itself;
 * nobody notices that.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  it was not its turn in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    the caller holds it for writing, the writer waits for the
 *                caller, or main waits and nothing could ever end that;
 *     EINVAL     l is NULL.
 *
 * Switches if a writer holds the lock or anybody waits for it. */
GREEN_API int green_rwlock_rdlock(green_rwlock_t *l, int64_t timeout);

/* Lock for writing, waiting until nobody else holds the lock.
 *
 * Returns 0, or -1 with errno as green_rwlock_rdlock.
 *
 * Switches if the lock is held or anybody waits for it. */
GREEN_API int green_rwlock_wrlock(green_rwlock_t *l, int64_t timeout);

/* Give back a lock held for reading or writing, and let in who is next.
 *
 * To unlock what is not held, or what another holds for writing, aborts.
 *
 * Never switches. */
GREEN_API void green_rwlock_unlock(green_rwlock_t *l);

/* ---- barrier: wait until all have come ---- */

/* A barrier for three lets greenlets go on three at a time:
 *
 *     static green_barrier_t start = GREEN_BARRIER_INIT(3);
 *
 *     green_barrier_wait(&start, GREEN_FOREVER);   in three greenlets
 */

/* A barrier; it can be used again and again. */
typedef struct green_barrier { /* private */
    unsigned count;
    green_waiters_t waiters;
} green_barrier_t;

/* The initial value of a barrier for `count` greenlets, at least 1. */
#define GREEN_BARRIER_INIT(count) {(count), {NULL, NULL}}

/* Make a barrier for `count` greenlets; 0 aborts.
 *
 * Never switches. */
GREEN_API void green_barrier_init(green_barrier_t *b, unsigned count);

/* Wait until `count` greenlets have come; the last does not wait.
 *
 * Who was killed or timed out has not come, and another may come instead.
 *
 * Returns 1 to the last, 0 to the others, or -1 with errno:
 *     ETIMEDOUT  the others did not come in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     EINVAL     b is NULL or for 0.
 *
 * Switches unless the caller is the last. */
GREEN_API int green_barrier_wait(green_barrier_t *b, int64_t timeout);

/* ---- waitgroup: wait until nothing is under way ---- */

/* A count of things under way, for those whose greenlets are not at hand:
 *
 *     green_waitgroup_add(&w, 1);                   before each begins
 *     green_waitgroup_done(&w);                     when each ends
 *     green_waitgroup_wait(&w, GREEN_FOREVER);      until all have
 */

/* A waitgroup. */
typedef struct green_waitgroup { /* private */
    long count;
    green_waiters_t waiters;
} green_waitgroup_t;

/* The initial value of a waitgroup in which nothing is under way. */
#define GREEN_WAITGROUP_INIT {0, {NULL, NULL}}

/* Make a waitgroup in which nothing is under way.
 *
 * Never switches. */
GREEN_API void green_waitgroup_init(green_waitgroup_t *w);

/* Count n more, or fewer if n is negative; at 0 all who wait are woken.
 *
 * A count below 0, or above LONG_MAX, aborts.
 *
 * Never switches. */
GREEN_API void green_waitgroup_add(green_waitgroup_t *w, long n);

/* Count one fewer.
 *
 * Never switches. */
GREEN_API void green_waitgroup_done(green_waitgroup_t *w);

/* Wait until the count is 0.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  it was not 0 in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     EINVAL     w is NULL.
 *
 * Switches if the count is not 0. */
GREEN_API int green_waitgroup_wait(green_waitgroup_t *w, int64_t timeout);

/* ---- once: done by the first who asks for it ---- */

/* What has to be made before its first use, and by one alone although making it
 * waits, is made in a function that only the first to ask runs:
 *
 *     static green_once_t connected = GREEN_ONCE_INIT;
 *
 *     green_once(&connected, connect, NULL, GREEN_FOREVER);   in many greenlets
 *     green_write(fd, ...);
 */

/* A once. */
typedef struct green_once { /* private */
    bool is_done;
    green_t *owner;
    green_waiters_t waiters;
} green_once_t;

/* The initial value of a once for which nobody has run a function. */
#define GREEN_ONCE_INIT {false, NULL, {NULL, NULL}}

/* Make a once for which nobody has run a function.
 *
 * Never switches. */
GREEN_API void green_once_init(green_once_t *once);

/* Call fn(arg), unless somebody has; and if somebody does, wait until it has
 * returned.
 *
 * All are let go in the order they came.  fn has been run when it returns,
 * however that went; one that could not do its work ends its greenlet, by
 * green_fail or green_exit, and then who has waited longest runs its own fn,
 * also if it is killed after that was decided.  The timeout is for the wait, not
 * for fn.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  the one that runs fn did not return in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    the caller is in fn, whatever the timeout; or the one that runs
 *                it waits for the caller, directly or through others, and the
 *                timeout is above 0; or main waits, and nothing could ever end
 *                that;
 *     EINVAL     once or fn is NULL.
 *
 * Switches if another greenlet runs fn, or if fn does. */
GREEN_API int green_once(green_once_t *once, void (*fn)(void *arg), void *arg,
                         int64_t timeout);

/* ---- queues: items are copied in and out ---- */

/* A queue hands items of one type from greenlet to greenlet.  Who gets waits
 * while it is empty, who puts waits while it is full, and closing it tells
 * both that this was all:
 *
 *     green_queue_t jobs = GREEN_QUEUE_INIT(struct job, 100);
 *     struct job job;
 *
 *     green_queue_put(&jobs, &job, GREEN_FOREVER);            producer
 *     green_queue_close(&jobs);
 *
 *     while (green_queue_get(&jobs, &job, GREEN_FOREVER) == 0)  consumer
 *         work_on(&job);
 *
 * There are four kinds.  A plain queue gives the oldest item first, a lifo the
 * newest, a priority queue the least by a comparison, and a channel has no
 * room at all: each put waits for the get that takes its item. */

/* A queue of any kind; green_queue_destroy frees what it grew. */
typedef struct green_queue { /* private */
    size_t item_size, max;
    int kind; /* fifo, lifo, priority */
    int (*compare)(const void *a, const void *b);
    char *items;
    size_t room, first, count;
    size_t unfinished;
    uint64_t put_count;
    bool closed;
    green_waiters_t getters, putters, joiners;
} green_queue_t;

/* The initial values of the four kinds of queue: for items of this type, and
 * at most max of them (SIZE_MAX: no bound; 0: a channel).  The first is what
 * the others are made from. */
#define GREEN_QUEUE_KIND_INIT(type, max, kind, compare)                        \
    {sizeof(type), (max), (kind), (compare), NULL, 0, 0, 0, 0, 0, false,       \
     {NULL, NULL}, {NULL, NULL}, {NULL, NULL}}
#define GREEN_QUEUE_INIT(type, max) GREEN_QUEUE_KIND_INIT(type, max, 0, NULL)
#define GREEN_LIFO_INIT(type, max) GREEN_QUEUE_KIND_INIT(type, max, 1, NULL)
#define GREEN_PRIORITY_INIT(type, max, compare)                                \
    GREEN_QUEUE_KIND_INIT(type, max, 2, compare)
#define GREEN_CHANNEL_INIT(type) GREEN_QUEUE_KIND_INIT(type, 0, 0, NULL)

/* Make a queue that gives the oldest item first, for at most max items.
 *
 * SIZE_MAX: without bound.  0: a channel.
 *
 * Never switches. */
GREEN_API void green_queue_init(green_queue_t *q, size_t item_size, size_t max);

/* Make a queue that gives the newest item first.
 *
 * Never switches. */
GREEN_API void green_lifo_init(green_queue_t *q, size_t item_size, size_t max);

/* Make a queue that gives the least item first.
 *
 * compare returns a negative number if a is to come out before b, 0 if they
 * are equal, else a positive one.  It must not block, and NULL aborts.  Equal
 * items come out in the order they were put.
 *
 * Never switches. */
GREEN_API void green_priority_init(green_queue_t *q, size_t item_size,
                                   size_t max,
                                   int (*compare)(const void *a,
                                                  const void *b));

/* Put a copy of an item into a queue, waiting for room if it is full.
 *
 * If a greenlet waits to get, the one that came first is handed the item at
 * once.  On a channel this waits until the item is taken; if it finds a getter
 * waiting, it gives way after the hand-over, so that the getter goes on first
 * (with a timeout of 0 or less it does not give way).
 *
 * Returns 0, or -1 with errno:
 *     EPIPE      the queue is closed, or was while this waited;
 *     ETIMEDOUT  there was no room, or nobody to take it, in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     ENOMEM     the queue could not grow;
 *     EINVAL     q or item is NULL.
 *
 * Switches if the queue is full, or a channel. */
GREEN_API int green_queue_put(green_queue_t *q, const void *item,
                              int64_t timeout);

/* Take the next item out of a queue, waiting for one if there is none.
 *
 * Items put before the queue was closed can still be got.
 *
 * Returns 0 and sets *item, or -1 with errno:
 *     EPIPE      the queue is closed and empty;
 *     ETIMEDOUT  no item came in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     EINVAL     q or item is NULL.
 *
 * Switches if the queue is empty. */
GREEN_API int green_queue_get(green_queue_t *q, void *item, int64_t timeout);

/* Copy the next item of a queue and leave it there, waiting for one if there
 * is none.
 *
 * Of a channel that is the item of the putter that has waited longest.
 *
 * Returns 0 and sets *item, or -1 with errno:
 *     EPIPE      the queue is closed and empty;
 *     ETIMEDOUT  no item came in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     EINVAL     q or item is NULL.
 *
 * Switches if the queue is empty. */
GREEN_API int green_queue_peek(green_queue_t *q, void *item, int64_t timeout);

/* Count the items in a queue; those of waiting putters are not yet in it.
 *
 * Returns the number, for a channel always 0.
 *
 * Never switches. */
GREEN_API size_t green_queue_size(const green_queue_t *q);

/* Close a queue: nothing more goes in, what is in it can still be got.
 *
 * Putters and getters that wait are turned away with EPIPE, in the order they
 * came.  Closing again does nothing.
 *
 * Never switches. */
GREEN_API void green_queue_close(green_queue_t *q);

/* Close a queue and drop what is in it.
 *
 * The dropped items count as done, so green_queue_join returns.
 *
 * Never switches. */
GREEN_API void green_queue_discard(green_queue_t *q);

/* Say that the work on one item is done, for green_queue_join.
 *
 * Each item that was put makes one piece of work.  The last one that is done
 * wakes all who join.
 *
 * Returns 0, or -1 with errno:
 *     EINVAL     more was done than put, or q is NULL.
 *
 * Never switches. */
GREEN_API int green_queue_task_done(green_queue_t *q);

/* Wait until the work on each item that was put is done.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  it was not done in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     EINVAL     q is NULL.
 *
 * Switches if work remains. */
GREEN_API int green_queue_join(green_queue_t *q, int64_t timeout);

/* Free what a queue grew; the items in it are forgotten.
 *
 * Aborts if somebody waits on it.  Initialise it anew to use it again.
 *
 * Never switches. */
GREEN_API void green_queue_destroy(green_queue_t *q);

/* ---- group: greenlets that belong together ---- */

/* A group knows which of its members have not ended: wait for all of them, or
 * kill them, however many there are and whoever spawned them:
 *
 *     green_group_t crew = GREEN_GROUP_INIT;
 *
 *     for (i = 0; i < n; i++)
 *         green_group_spawn(&crew, work, &jobs[i]);
 *     if (green_group_join(&crew, 10 * GREEN_SEC) == -1)
 *         green_group_kill(&crew, GREEN_SEC);
 *     green_group_destroy(&crew);
 *
 * A member leaves the group by ending, and nobody has to release it.  What goes
 * wrong in one does not concern the others; green_group_error tells of it. */

struct green_member;

/* A group. */
typedef struct green_group { /* private */
    struct green_member *first, *last;
    size_t size;
    int error;
    green_waiters_t joiners;
} green_group_t;

/* The initial value of a group without members. */
#define GREEN_GROUP_INIT {NULL, NULL, 0, 0, {NULL, NULL}}

/* Make a group without members.
 *
 * Never switches. */
GREEN_API void green_group_init(green_group_t *p);

/* Make a greenlet that will call fn(arg), as green_spawn, and a member of a
 * group.
 *
 * The handle is borrowed: it is good until the greenlet ends, so not beyond
 * the next switch, unless the caller retains it.
 *
 * Returns the greenlet, which the caller need not release, or NULL with errno:
 *     ENOMEM     no memory or address space for it;
 *     EINVAL     p or fn is NULL.
 *
 * Never switches. */
GREEN_API green_t *green_group_spawn(green_group_t *p, void *(*fn)(void *arg),
                                     void *arg);

/* Make a greenlet a member of a group.
 *
 * References to it stay with those who have them.  It may be in other groups,
 * too; one that is in this group already is still in it once.  One that has
 * ended does not become a member, but if it failed the group hears of it.
 *
 * Returns 0, or -1 with errno:
 *     ENOMEM     no memory to note it;
 *     EINVAL     p or g is NULL.
 *
 * Never switches. */
GREEN_API int green_group_add(green_group_t *p, green_t *g);

/* Count the members of a group, which are those that have not ended.
 *
 * Returns the number.
 *
 * Never switches. */
GREEN_API size_t green_group_size(const green_group_t *p);

/* Wait until a group has no members.
 *
 * Those that come to it meanwhile are waited for, too.  It is enough that it
 * was empty for a moment.
 *
 * Returns 0, whether they failed or not, or -1 with errno:
 *     ETIMEDOUT  not all of them ended in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    the caller is a member, or a member waits for it, directly or
 *                through others, and the timeout is above 0; or main waits, and
 *                nothing could ever end that;
 *     EINVAL     p is NULL.
 *
 * Switches if the group has members. */
GREEN_API int green_group_join(green_group_t *p, int64_t timeout);

/* Kill all members of a group, then wait until it has none.
 *
 * All are told before the first is waited for, the oldest first.  Who comes to
 * the group while this waits is killed at once.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  not all of them ended in time; they stay killed, and
 *                green_dump names them;
 *     ECANCELED  the calling greenlet was killed, maybe hereby, as a member;
 *     EDEADLK    as for green_group_join;
 *     EINVAL     p is NULL.
 *
 * Switches if the group has members. */
GREEN_API int green_group_kill(green_group_t *p, int64_t timeout);

/* Look up the error of a group: that of the member which was the first to fail.
 *
 * Returns the errno value that it passed to green_fail, or 0 if none has
 * failed since the group was made.
 *
 * Never switches. */
GREEN_API int green_group_error(const green_group_t *p);

/* Be done with a group.
 *
 * Aborts if it has members.  Initialise it anew to use it again.
 *
 * Never switches. */
GREEN_API void green_group_destroy(green_group_t *p);

/* ---- pool: many tasks, a few at a time ---- */

/* A pool calls functions in greenlets, its tasks, at most so many at once.  To
 * spawn one waits for room, which keeps those who find work from running ahead
 * of those who do it:
 *
 *     green_pool_t pool = GREEN_POOL_INIT(10);
 *
 *     while ((url = next_url()))
 *         green_pool_spawn(&pool, fetch, url, GREEN_FOREVER);
 *     green_pool_join(&pool, GREEN_FOREVER);
 *     green_pool_destroy(&pool);
 *
 * or, with all arguments at hand, and in the order of the arguments:
 *
 *     if (green_pool_map(&pool, fetch, urls, pages, n, 60 * GREEN_SEC) == 0)
 *         print_all(pages, n);
 *
 * Room that a task leaves goes to whoever has waited longest.  A task that
 * waits for room in its own pool waits for the others. */

/* A pool. */
typedef struct green_pool { /* private */
    green_group_t group;
    size_t max;
    size_t imaps;
    bool closed;
    green_waiters_t spawners;
} green_pool_t;

/* The initial value of a pool for so many tasks at once.  SIZE_MAX: no bound;
 * 0: none ever begins. */
#define GREEN_POOL_INIT(max) {GREEN_GROUP_INIT, (max), 0, false, {NULL, NULL}}

/* Make a pool for at most max tasks at once.
 *
 * SIZE_MAX: no bound.  0: none ever begins.
 *
 * Never switches. */
GREEN_API void green_pool_init(green_pool_t *p, size_t max);

/* Call fn(arg) in a task of a pool, waiting for room if the pool is full.
 *
 * The task is made when there is room, and then runs as a greenlet that was
 * just spawned.  What it returns is dropped.
 *
 * Returns 0, or -1 with errno:
 *     EPIPE      the pool is closed, or was while this waited;
 *     ETIMEDOUT  there was no room in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     ENOMEM     no memory or address space for the task;
 *     EINVAL     p or fn is NULL.
 *
 * Switches if there is no room. */
GREEN_API int green_pool_spawn(green_pool_t *p, void *(*fn)(void *arg),
                               void *arg, int64_t timeout);

/* Wait until a pool has room for one more task, and take none of it.
 *
 * In line with those who wait for room to spawn.  For those who look for work
 * only when it can be done: as nothing is taken, the room may be gone at the
 * next switch.
 *
 * Returns 0, or -1 with errno:
 *     EPIPE      the pool is closed, or was while this waited;
 *     ETIMEDOUT  there was no room in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     EINVAL     p is NULL.
 *
 * Switches if there is no room. */
GREEN_API int green_pool_wait_room(green_pool_t *p, int64_t timeout);

/* Call fn with each of n arguments, in tasks of a pool, and wait for all
 * results.
 *
 * The tasks begin in the order of `in`, as there is room, in line with others
 * who wait for it.  out[i] becomes what fn(in[i]) returned; it is NULL until
 * then, and if that failed.  out may be NULL.  A task that fails does not keep
 * the others from running.  One for which there is no memory has failed with
 * ENOMEM, those that were to begin after the pool was closed with EPIPE.
 *
 * If the wait ends early, tasks that have not begun never will; those that
 * have are killed, but not waited for, and their results are dropped: neither
 * `in` nor `out` is looked at after the return.  What in[i] points to must live
 * until green_pool_join has seen them end.
 *
 * Returns 0, or -1 with errno:
 *     other      the error of the first argument, in the order of `in`, whose
 *                task failed; all have been tried;
 *     EPIPE      the pool was closed before, and nothing was begun;
 *     ETIMEDOUT  it was not done in time; if the timeout is 0 or less, it was
 *                not begun;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     EINVAL     p or fn, or in with n above 0, is NULL.
 *
 * Switches if n and the timeout are above 0. */
GREEN_API int green_pool_map(green_pool_t *p, void *(*fn)(void *arg),
                             void *const *in, void **out, size_t n,
                             int64_t timeout);

/* Count the tasks of a pool that have not ended.
 *
 * One that is about to be spawned, by a greenlet that waited for room and was
 * given it, counts.
 *
 * Returns the number.
 *
 * Never switches. */
GREEN_API size_t green_pool_size(const green_pool_t *p);

/* Count the tasks that a pool has room for.
 *
 * Returns the number; SIZE_MAX if there is no bound.
 *
 * Never switches. */
GREEN_API size_t green_pool_free_count(const green_pool_t *p);

/* Wait until a pool has no tasks.
 *
 * Greenlets that wait for room now get it first, and their tasks are waited
 * for, too.  It is enough that the pool was empty for a moment.
 *
 * Returns 0, whether they failed or not, or -1 with errno:
 *     ETIMEDOUT  not all of them ended in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    the caller is a task of the pool, or one waits for it,
 *                directly or through others, and the timeout is above 0; or
 *                main waits, and nothing could ever end that;
 *     EINVAL     p is NULL.
 *
 * Switches if the pool has tasks. */
GREEN_API int green_pool_join(green_pool_t *p, int64_t timeout);

/* Kill all tasks of a pool, then wait until it has none.
 *
 * While this waits there is no room for others.  Those who wait for room get it
 * afterwards: close the pool before, if they shall not.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  not all of them ended in time; they stay killed, and
 *                green_dump names them;
 *     ECANCELED  the calling greenlet was killed, maybe hereby, as a task;
 *     EDEADLK    as for green_pool_join;
 *     EINVAL     p is NULL.
 *
 * Switches if the pool has tasks. */
GREEN_API int green_pool_kill(green_pool_t *p, int64_t timeout);

/* Look up the error of a pool: that of the task which was the first to fail.
 *
 * Returns the errno value that it passed to green_fail, or 0 if none has
 * failed since the pool was made.
 *
 * Never switches. */
GREEN_API int green_pool_error(const green_pool_t *p);

/* Close a pool: no task begins any more; those that have run on.
 *
 * Who waits for room is turned away with EPIPE, in the order they came.
 * Closing again does nothing.
 *
 * Never switches. */
GREEN_API void green_pool_close(green_pool_t *p);

/* Be done with a pool.
 *
 * Aborts if it has tasks, or somebody waits for room, or an imap of it was not
 * ended.  Initialise it anew to use it again.
 *
 * Never switches. */
GREEN_API void green_pool_destroy(green_pool_t *p);

/* ---- imap: results one by one ---- */

/* An imap is a map whose results are taken while others are still being made,
 * so that they need not be kept:
 *
 *     green_imap_t *i = green_imap_start(&pool, fetch, urls, n, 0, 0);
 *
 *     while (green_imap_next(i, &page, GREEN_FOREVER) == 0 || errno != EPIPE)
 *         ...
 *     green_imap_end(i);
 */

/* A map that is under way. */
typedef struct green_imap green_imap_t;

/* Take each result as soon as it is there, not in the order of the arguments.
 * Otherwise a slow one holds up those after it. */
#define GREEN_IMAP_UNORDERED 1

/* Begin to call fn with each of n arguments, in tasks of a pool.
 *
 * As in a map, tasks begin in the order of `in`, which must stay in place until
 * the end.  At most `buffered` of them have begun and have not had their
 * results taken, so a slow reader holds them up.  0: as many as the pool runs
 * at once, without a bound n.
 *
 * Returns the imap, which green_imap_end frees, or NULL with errno:
 *     ENOMEM     no memory for it;
 *     EINVAL     p or fn, or in with n above 0, is NULL, or flags are unknown.
 *
 * Never switches. */
GREEN_API green_imap_t *green_imap_start(green_pool_t *p,
                                         void *(*fn)(void *arg),
                                         void *const *in, size_t n,
                                         size_t buffered, int flags);

/* Take the next result of an imap, waiting for it if it is not there.
 *
 * Several greenlets may take turns: each result is taken once, by the one that
 * has waited longest.  A task that failed is a result, too, which fails this
 * call with its error; the next call goes on with the next one.  value may be
 * NULL.
 *
 * Returns 0 and sets *value, or -1 with errno:
 *     EPIPE      all results have been taken, or the pool was closed;
 *     ETIMEDOUT  it was not there in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     ENOMEM     there was no memory for the task;
 *     EINVAL     i is NULL;
 *     other      the error that the task failed with.
 *
 * Switches if the next result is not there. */
GREEN_API int green_imap_next(green_imap_t *i, void **value, int64_t timeout);

/* End an imap and free it.
 *
 * Its tasks that have not begun never will; those that have are killed, but not
 * waited for.  Results that were not taken are dropped.  Aborts if somebody
 * waits for one.  NULL is allowed.
 *
 * Never switches. */
GREEN_API void green_imap_end(green_imap_t *i);

/* ---- locals: a variable that each greenlet has for itself ---- */

/* A local is the key to a value of which each greenlet has its own, NULL to
 * begin with:
 *
 *     static green_local_t buffer = GREEN_LOCAL_INIT(free);
 *
 *     if (!green_local_get(&buffer))
 *         green_local_set(&buffer, malloc(4096));
 *
 * An inherited local comes with each greenlet that is spawned, so that whom a
 * greenlet works for, say, is known to all that it has work for it:
 *
 *     static green_local_t request = GREEN_LOCAL_INHERITED_INIT(NULL, NULL);
 */

/* A key.  It must stay in place until the last greenlet that has a value for it
 * has ended. */
typedef struct green_local { /* private */
    void (*destructor)(void *value);
    void *(*copy)(void *value);
    bool inherited;
} green_local_t;

/* The initial value of a key, with a destructor or NULL. */
#define GREEN_LOCAL_INIT(destructor) {(destructor), NULL, false}

/* The initial value of a key whose values are inherited, with a function that
 * copies them or NULL, and a destructor or NULL. */
#define GREEN_LOCAL_INHERITED_INIT(copy, destructor)                           \
    {(destructor), (copy), true}

/* Make a key.
 *
 * When a greenlet ends whose value is not NULL, the destructor, if there is
 * one, is called with it, on that greenlet, after its deferred calls.  What a
 * destructor sets is destroyed as well.
 *
 * Never switches. */
GREEN_API void green_local_init(green_local_t *l,
                                void (*destructor)(void *value));

/* Make a key whose values are inherited.
 *
 * A new greenlet begins with copy(value) of the greenlet that called the function
 * which spawns it, or with the same pointer if copy is NULL.  If copy returns
 * NULL it has no value.  The copy is made in that call, also for a greenlet that
 * starts later or is linked to another; for the tasks of green_pool_map and
 * green_imap_start one more copy is kept as long as they may begin.  It must not
 * block, which aborts.  From then on each is a value like any other, and has the
 * destructor called for it: without copy once for each greenlet that has the
 * pointer.
 *
 * So a server's handlers have what the greenlet that started the server had.
 * Nothing is inherited by what comes from elsewhere: by green_spawn_on, whoever
 * calls it, and when a signal comes.
 *
 * Never switches. */
GREEN_API void green_local_init_inherited(green_local_t *l,
                                          void *(*copy)(void *value),
                                          void (*destructor)(void *value));

/* Look up the running greenlet's value.
 *
 * Returns the value, or NULL if it was not set.
 *
 * Never switches. */
GREEN_API void *green_local_get(green_local_t *l);

/* Set the running greenlet's value.
 *
 * The old value is just forgotten; no destructor is called for it.  NULL is as
 * if it had never been set.
 *
 * Returns 0, or -1 with errno:
 *     ENOMEM     no memory to note it;
 *     EINVAL     l is NULL.
 *
 * Never switches. */
GREEN_API int green_local_set(green_local_t *l, void *value);

/* ---- select: wait for the first of several ---- */

/* Name the cases in an array, and learn which of them happened:
 *
 *     green_case_t cases[] = {GREEN_ON_GET(&jobs, &job),
 *                             GREEN_ON_EVENT(&stop),
 *                             GREEN_ON_TIMER(30 * GREEN_SEC)};
 *
 *     switch (green_select(cases, 3, GREEN_FOREVER)) {
 *     case 0: ...
 */

/* One case; the GREEN_ON_ macros make it. */
typedef struct green_case { /* private */
    int kind, fd, events;
    void *object;
    void *item;
    int64_t duration;
    struct green_waiter waiter;
} green_case_t;

/* What a case waits for, and how one is made; for the macros below. */
#define GREEN_CASE_JOIN 1
#define GREEN_CASE_EVENT 2
#define GREEN_CASE_FUTURE 3
#define GREEN_CASE_SEM 4
#define GREEN_CASE_GET 5
#define GREEN_CASE_PUT 6
#define GREEN_CASE_FD 7
#define GREEN_CASE_TIMER 8

#ifdef __cplusplus
#define GREEN_CASE_INIT(kind, fd, events, object, item, duration)              \
    green_case_t                                                               \
    {                                                                          \
        (kind), (fd), (events), (object), (item), (duration), {                \
            NULL, NULL, NULL, NULL, NULL, 0, 0                                 \
        }                                                                      \
    }
#else
#define GREEN_CASE_INIT(kind, fd, events, object, item, duration)              \
    ((green_case_t){(kind), (fd), (events), (object), (item), (duration),      \
                    {NULL, NULL, NULL, NULL, NULL, 0, 0}})
#endif

/* The cases: a greenlet has ended; an event is set; a permit was taken from a
 * semaphore; an item was got from a queue into *item; *item was put into a
 * queue; a descriptor is ready for GREEN_READ or GREEN_WRITE, or either; so
 * much time has passed since the select began. */
#define GREEN_ON_JOIN(g) GREEN_CASE_INIT(GREEN_CASE_JOIN, 0, 0, (g), NULL, 0)
#define GREEN_ON_EVENT(e) GREEN_CASE_INIT(GREEN_CASE_EVENT, 0, 0, (e), NULL, 0)
#define GREEN_ON_FUTURE(f)                                                      \
    GREEN_CASE_INIT(GREEN_CASE_FUTURE, 0, 0, (f), NULL, 0)
#define GREEN_ON_SEM(s) GREEN_CASE_INIT(GREEN_CASE_SEM, 0, 0, (s), NULL, 0)
#define GREEN_ON_GET(q, item)                                                  \
    GREEN_CASE_INIT(GREEN_CASE_GET, 0, 0, (q), (item), 0)
#define GREEN_ON_PUT(q, item)                                                  \
    GREEN_CASE_INIT(GREEN_CASE_PUT, 0, 0, (q), (void *)(uintptr_t)(item), 0)
#define GREEN_ON_FD(fd, events)                                                \
    GREEN_CASE_INIT(GREEN_CASE_FD, (fd), (events), NULL, NULL, 0)
#define GREEN_ON_TIMER(duration)                                               \
    GREEN_CASE_INIT(GREEN_CASE_TIMER, 0, 0, NULL, NULL, (duration))

/* Wait until one of n cases happens.
 *
 * Exactly one of them happens: the others take no permit and move no item.  If
 * several could at once it is the one with the lowest index.  The cases can be
 * used again.
 *
 * Returns the index of the case that happened, with errno:
 *     0          it did;
 *     EPIPE      its queue is closed (and, for a get, empty);
 *     EBADF      its descriptor is closed, or was while this waited;
 * or -1 with errno:
 *     ETIMEDOUT  none happened in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits, and nothing could ever end that;
 *     ENOMEM     no memory to watch a descriptor, or for a queue to grow;
 *     EINVAL     n is negative, or a case names NULL or no events.
 *
 * Switches if none of them can happen at once. */
GREEN_API int green_select(green_case_t *cases, int n, int64_t timeout);

/* ---- descriptors: the POSIX call, cooperative ---- */

/* These are the calls you know, with the same arguments and results, but where
 * they would stop the thread only the greenlet waits:
 *
 *     ssize_t n;
 *
 *     while ((n = green_read(fd, buffer, sizeof buffer)) > 0)
 *         green_write_all(fd, buffer, (size_t)n);
 *     green_close(fd);
 *
 * They wait whether or not the descriptor is non-blocking, and do not change
 * the flags of one that you made, which it may share with other processes.
 * (Accept, connect and a write to a terminal set O_NONBLOCK for the moment of
 * one system call.)
 * They take no timeout; a scope bounds them.  They are not interrupted by
 * signals.  Any number of greenlets may wait on one descriptor.  Close it with
 * green_close, which ends their waits.
 *
 * Of a regular file, what the system has in
 * memory is read at once; the rest, and all writes, are done in a thread, at
 * most 1 MiB in one call, while other greenlets run.  A greenlet that is killed
 * meanwhile leaves at once, though the call may yet happen.
 *
 * Calls that never have to wait, since the peer is so quick, still let other
 * greenlets run after every hundred calls or so. */

/* What to wait for; also both of them, with |. */
#define GREEN_READ 1
#define GREEN_WRITE 2

/* Wait until a descriptor is ready for one of the events.
 *
 * Ready means that a call would not have to wait; an error or the end of the
 * stream makes it ready, too.  It is a hint: another greenlet may be quicker.
 *
 * Returns those of the events that are ready, or -1 with errno:
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  it was not ready in time;
 *     ECANCELED  the calling greenlet was killed;
 *     ENOMEM     no memory to watch it;
 *     EINVAL     events is neither GREEN_READ nor GREEN_WRITE nor both.
 *
 * Switches if none of them is ready. */
GREEN_API int green_wait_fd(int fd, int events, int64_t timeout);

/* Read what there is, at least one byte and at most n.
 *
 * With n of 0 it returns at once.
 *
 * Returns the number of bytes, 0 at the end of the file, or -1 with errno:
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as read(2).
 *
 * May switch: waits for something to read. */
GREEN_API ssize_t green_read(int fd, void *buffer, size_t n);

/* Write what there is room for, at least one byte and at most n.
 *
 * It may write less than n, as if the descriptor were non-blocking; see
 * green_write_all.  On a socket it never raises SIGPIPE; on a pipe it does, as
 * write(2), if the program lets it.
 *
 * Returns the number of bytes, or -1 with errno:
 *     EPIPE      nobody can read it any more;
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as write(2).
 *
 * May switch: waits for room to write. */
GREEN_API ssize_t green_write(int fd, const void *buffer, size_t n);

/* Read what there is into n buffers, filling one after the other.
 *
 * Returns the number of bytes, 0 at the end of the file, or -1 with errno:
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as readv(2).
 *
 * May switch: waits for something to read. */
GREEN_API ssize_t green_readv(int fd, const struct iovec *iov, int n);

/* Write what there is room for out of n buffers, one after the other.
 *
 * As green_write, it may write less than all.
 *
 * Returns the number of bytes, or -1 with errno:
 *     EPIPE      nobody can read it any more;
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as writev(2).
 *
 * May switch: waits for room to write. */
GREEN_API ssize_t green_writev(int fd, const struct iovec *iov, int n);

/* Read from a place in a file, leaving its offset alone.
 *
 * Returns the number of bytes, 0 at the end of the file, or -1 with errno:
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as pread(2).
 *
 * May switch: waits for the disk. */
GREEN_API ssize_t green_pread(int fd, void *buffer, size_t n, off_t offset);

/* Write to a place in a file, leaving its offset alone.
 *
 * Returns the number of bytes, or -1 with errno:
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as pwrite(2).
 *
 * May switch: waits for the disk. */
GREEN_API ssize_t green_pwrite(int fd, const void *buffer, size_t n,
                               off_t offset);

/* Read n bytes, waiting as often as it takes.
 *
 * If it fails midway, how much was read is unknown.
 *
 * Returns n, or less only at the end of the file, or -1 with errno:
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as read(2).
 *
 * May switch: waits for something to read. */
GREEN_API ssize_t green_read_all(int fd, void *buffer, size_t n);

/* Write n bytes, waiting as often as it takes.
 *
 * If it fails midway, how much was written is unknown.  Another greenlet that
 * writes to the same descriptor may get in between; see green_mutex_t.
 *
 * Returns n, or -1 with errno:
 *     EPIPE      nobody can read it any more;
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as write(2).
 *
 * May switch: waits for room to write. */
GREEN_API ssize_t green_write_all(int fd, const void *buffer, size_t n);

/* Receive from a socket, at least one byte and at most n, or one datagram.
 *
 * MSG_DONTWAIT in flags means just that, and MSG_WAITALL waits for all n bytes;
 * the other flags are recv(2)'s.
 *
 * Returns the number of bytes, 0 at the end of the stream, or -1 with errno:
 *     EAGAIN     there is nothing yet, and MSG_DONTWAIT was given;
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as recv(2).
 *
 * May switch: waits for something to receive, unless MSG_DONTWAIT is given. */
GREEN_API ssize_t green_recv(int fd, void *buffer, size_t n, int flags);

/* Send through a socket, at least one byte and at most n, or one datagram.
 *
 * MSG_DONTWAIT in flags means just that; the other flags are send(2)'s.  It
 * never raises SIGPIPE.
 *
 * Returns the number of bytes, or -1 with errno:
 *     EPIPE      the connection is closed;
 *     EAGAIN     there is no room, and MSG_DONTWAIT was given;
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as send(2).
 *
 * May switch: waits for room, unless MSG_DONTWAIT is given. */
GREEN_API ssize_t green_send(int fd, const void *buffer, size_t n, int flags);

/* Receive as green_recv, and learn from whom.
 *
 * address and length are as for recvfrom(2), and may be NULL.
 *
 * Returns the number of bytes, 0 at the end of the stream, or -1 with errno:
 *     EAGAIN     there is nothing yet, and MSG_DONTWAIT was given;
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as recvfrom(2).
 *
 * May switch: waits for something to receive, unless MSG_DONTWAIT is given. */
GREEN_API ssize_t green_recvfrom(int fd, void *buffer, size_t n, int flags,
                                 struct sockaddr *address, socklen_t *length);

/* Send as green_send, to an address.
 *
 * Returns the number of bytes, or -1 with errno:
 *     EPIPE      the connection is closed;
 *     EAGAIN     there is no room, and MSG_DONTWAIT was given;
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as sendto(2).
 *
 * May switch: waits for room, unless MSG_DONTWAIT is given. */
GREEN_API ssize_t green_sendto(int fd, const void *buffer, size_t n, int flags,
                               const struct sockaddr *address,
                               socklen_t length);

/* Receive a message with its address and control data.
 *
 * Returns the number of bytes, 0 at the end of the stream, or -1 with errno:
 *     EAGAIN     there is nothing yet, and MSG_DONTWAIT was given;
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as recvmsg(2).
 *
 * May switch: waits for something to receive, unless MSG_DONTWAIT is given. */
GREEN_API ssize_t green_recvmsg(int fd, struct msghdr *message, int flags);

/* Send a message with its address and control data.
 *
 * On a stream it may send less than all; the control data has gone with the
 * first part then.
 *
 * Returns the number of bytes, or -1 with errno:
 *     EPIPE      the connection is closed;
 *     EAGAIN     there is no room, and MSG_DONTWAIT was given;
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as sendmsg(2).
 *
 * May switch: waits for room, unless MSG_DONTWAIT is given. */
GREEN_API ssize_t green_sendmsg(int fd, const struct msghdr *message,
                                int flags);

/* Accept a connection, waiting for one.
 *
 * address and length are as for accept(2), and may be NULL.  The new
 * descriptor is the caller's; it is non-blocking and close-on-exec.
 *
 * Returns the descriptor, or -1 with errno:
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as accept(2).
 *
 * May switch: waits for a connection. */
GREEN_API int green_accept(int fd, struct sockaddr *address, socklen_t *length);

/* Connect a socket, waiting until that has succeeded or failed.
 *
 * When a kill or a timeout ends the wait, the attempt goes on; close the
 * descriptor then.
 *
 * Returns 0, or -1 with errno:
 *     EBADF      fd is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up, or the system gave up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as connect(2), but never EINPROGRESS.
 *
 * May switch: waits for the connection. */
GREEN_API int green_connect(int fd, const struct sockaddr *address,
                            socklen_t length);

/* Wait until one of n descriptors is ready, as poll(2).
 *
 * Mind that the timeout is in nanoseconds, and that a negative one does not
 * wait.  Each entry's revents is set; an entry whose descriptor is not open,
 * or was closed meanwhile, has POLLNVAL.  Negative descriptors are passed
 * over.
 *
 * Returns the number of entries that are ready, 0 if none was in time, or -1
 * with errno:
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    main waits for no descriptor at all, and nothing could ever
 *                end that;
 *     ENOMEM     no memory to watch them;
 *     EFAULT     fds is NULL and n above 0.
 *
 * Switches if none of them is ready. */
GREEN_API int green_poll(struct pollfd *fds, nfds_t n, int64_t timeout);

/* Make a socket, as socket(2), that is non-blocking and close-on-exec.
 *
 * Sockets that you make yourself will do as well; of these the library knows
 * from the beginning, which saves it a look now and then.
 *
 * Returns the descriptor, or -1 with errno:
 *     ENOMEM     no memory for the thread's hub;
 *     other      as socket(2).
 *
 * Never switches. */
GREEN_API int green_socket(int domain, int type, int protocol);

/* Make two sockets that are connected to each other, as socketpair(2), and that
 * are non-blocking and close-on-exec.
 *
 * Returns 0, or -1 with errno, and then fds is as it was:
 *     ENOMEM     no memory for the thread's hub;
 *     other      as socketpair(2).
 *
 * Never switches. */
GREEN_API int green_socketpair(int domain, int type, int protocol, int fds[2]);

/* Make a pipe, as pipe(2), whose ends are non-blocking and close-on-exec: what
 * is written to fds[1] is read from fds[0].
 *
 * Returns 0, or -1 with errno, and then fds is as it was:
 *     ENOMEM     no memory for the thread's hub;
 *     other      as pipe(2).
 *
 * Never switches. */
GREEN_API int green_pipe(int fds[2]);

/* Close a descriptor, and end every wait on it with EBADF at once.
 *
 * A greenlet that later waits on the same number, used again, gets no event
 * meant for the old one.  After plain close(2) that is so, too, but who waits
 * at that moment is told only if the wait was new, begun since the hub last
 * rested; else it goes on without end.  Waits of other threads are not ended.
 *
 * Returns 0, or -1 with errno:
 *     EBADF      fd is not open;
 *     other      as close(2); the descriptor is gone nevertheless.
 *
 * Never switches. */
GREEN_API int green_close(int fd);

/* Shut one or both directions of a connection down, as shutdown(2).
 *
 * Greenlets that wait in that direction find out as they would from the peer:
 * readers see the end of the stream, writers EPIPE.
 *
 * Returns 0, or -1 with errno:
 *     other      as shutdown(2).
 *
 * Never switches. */
GREEN_API int green_shutdown(int fd, int how);

/* ---- network: addresses as text, connections by greenlet ---- */

/* An address is a string, with the port as a number; 0 lets the system choose:
 *
 *     "host:80"     a name or an IPv4 address
 *     "[::1]:80"    an IPv6 address
 *     ":80"         to listen: every interface; to dial: this machine
 *     "unix:/path"  a Unix socket; on Linux "unix:@name" needs no file
 *
 * The sockets made here are streams, non-blocking and close-on-exec, and send
 * small messages at once (TCP_NODELAY).  The smallest server is a handler,
 * which has its connection until it returns:
 *
 *     static void echo(int fd, void *arg)
 *     {
 *         char buffer[4096];
 *         ssize_t n;
 *
 *         while ((n = green_read(fd, buffer, sizeof buffer)) > 0)
 *             green_write_all(fd, buffer, (size_t)n);
 *     }
 *
 *     green_serve_forever(":7", echo, NULL);
 */

/* Make a socket that listens on an address.
 *
 * backlog is listen(2)'s; 0: as many as the system likes.  A port can be used
 * again as soon as its last listener is gone (SO_REUSEADDR), and a Unix socket
 * that a dead process left behind is replaced.  Of a host with several
 * addresses the first is taken, IPv4 before IPv6; without a host, both are
 * served.  The descriptor is the caller's.
 *
 * Returns the descriptor, or -1 with errno:
 *     EINVAL     the address has none of the forms above;
 *     ENOENT     there is no such host;
 *     EAGAIN     no name server answers;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as socket(2), bind(2) or listen(2).
 *
 * May switch: looks a host name up in another thread. */
GREEN_API int green_listen(const char *address, int backlog);

/* Connect to an address.
 *
 * A host name is looked up.  If it has several addresses they are tried in the
 * system's order, IPv6 and IPv4 by turns; the next one as soon as one has
 * failed, or a quarter of a second has passed, while those before it go on.  The
 * first that answers is taken.  The timeout is for all of that.  The descriptor
 * is the caller's.
 *
 * Returns the descriptor, or -1 with errno:
 *     EINVAL     the address has none of the forms above;
 *     ENOENT     there is no such host;
 *     EAGAIN     no name server answers;
 *     ETIMEDOUT  it did not succeed in time;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as socket(2) or connect(2), for the first address that this
 *                machine has a way to.
 *
 * Switches if the timeout is above 0. */
GREEN_API int green_dial(const char *address, int64_t timeout);

/* Look a name up, as getaddrinfo(3), while other greenlets run.
 *
 * The arguments are copied.  Free *result with freeaddrinfo.
 *
 * Returns 0 and sets *result, or an EAI_ code as getaddrinfo does; with
 * EAI_SYSTEM, errno is:
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      from the system.
 *
 * May switch: the work is done in another thread. */
GREEN_API int green_getaddrinfo(const char *node, const char *service,
                                const struct addrinfo *hints,
                                struct addrinfo **result);

/* Look the name of an address up, as getnameinfo(3), while other greenlets run.
 *
 * What is asked for as a number (NI_NUMERICHOST, NI_NUMERICSERV) is answered at
 * once.  host and service are written to only by a call that succeeds; each may
 * be NULL, and then is not asked for.
 *
 * Returns 0, or an EAI_ code as getnameinfo does; with EAI_SYSTEM, errno is:
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      from the system.
 *
 * May switch: the work is done in another thread. */
GREEN_API int green_getnameinfo(const struct sockaddr *address,
                                socklen_t length, char *host,
                                socklen_t host_room, char *service,
                                socklen_t service_room, int flags);

/* Look up the port that a socket is bound to.
 *
 * Returns the port, or -1 with errno:
 *     EINVAL     it is not an internet socket;
 *     other      as getsockname(2).
 *
 * Never switches.  May be called from any thread. */
GREEN_API int green_local_port(int fd);

/* A server: a greenlet that accepts, and one for each connection. */
typedef struct green_server green_server_t;

/* What a server calls for each connection, in a greenlet of its own.  The
 * server closes fd when it returns. */
typedef void green_handler_t(int fd, void *arg);

/* How a server works.  All zero: the defaults.  Set fields by name, since more
 * may follow. */
typedef struct green_server_options {
    /* Connections at once; more wait in the backlog.  0: no bound.  Or
     * datagrams; more wait in the socket's buffer.  0: 1024. */
    size_t max;
    /* Connections that the system keeps until they are accepted, see
     * listen(2).  0: as many as it likes. */
    int backlog;
    /* Let several servers, each in its own thread or process, share the
     * address (SO_REUSEPORT). */
    bool reuse_port;
} green_server_options_t;

/* Start a server: listen on an address, and call handler(fd, arg) in a new
 * greenlet for each connection.
 *
 * options may be NULL.  A handler may close fd itself, with green_close, and
 * may leave by green_exit.  While descriptors or memory are short, the server
 * waits a little and tries again.
 *
 * Returns the server, which green_server_stop frees, or NULL with errno:
 *     EINVAL     handler is NULL, or the address has none of the forms above;
 *     ENOMEM     no memory for it;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as green_listen.
 *
 * May switch: looks a host name up in another thread. */
GREEN_API green_server_t *
green_server_start(const char *address, green_handler_t *handler, void *arg,
                   const green_server_options_t *options);

/* Look up the port that a server, also one of datagrams, listens on.
 *
 * Returns the port, or -1 with errno:
 *     EINVAL     s is NULL, or it does not listen on an internet address.
 *
 * Never switches. */
GREEN_API int green_server_port(const green_server_t *s);

/* Stop a server: take no more connections, or datagrams, wait for the handlers,
 * and when the grace is over kill those that are left and wait until they have
 * ended.
 *
 * If the caller's wait for the handlers fails before, the grace is over, too.
 * However that ends, s is freed; only EALREADY and, from a handler, EDEADLK
 * mean that nothing was done.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  handlers had to be killed;
 *     ECANCELED  the calling greenlet was killed, and so were the handlers;
 *     EDEADLK    the caller is a handler of s; or nothing could ever end the
 *                handlers, which are left to themselves;
 *     EALREADY   another greenlet is stopping s;
 *     EINVAL     s is NULL.
 *
 * Switches. */
GREEN_API int green_server_stop(green_server_t *s, int64_t grace);

/* Serve connections until the calling greenlet is killed or its scope's time
 * is up; then stop the server without grace.
 *
 * Returns only -1, with errno:
 *     ECANCELED  the calling greenlet was killed;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     other      as green_server_start.
 *
 * Switches. */
GREEN_API int green_serve_forever(const char *address, green_handler_t *handler,
                                  void *arg);

/* ---- datagrams ---- */

/* Addresses are written as above.  A datagram arrives whole or not at all; the
 * calls on descriptors, green_recv, green_sendto and their like, do the rest.
 * The smallest server:
 *
 *     static void echo(int fd, const void *data, size_t n,
 *                      const struct sockaddr *from, socklen_t length,
 *                      void *arg)
 *     {
 *         green_sendto(fd, data, n, 0, from, length);
 *     }
 *
 *     green_server_t *s = green_datagram_server_start(":7", echo, NULL, NULL);
 */

/* Make a socket that is bound to an address, to receive datagrams there.
 *
 * Which address of a host is taken, and what becomes of the file of a Unix
 * socket, is as for green_listen; but a port is never shared or taken over.
 * The descriptor is the caller's; it is non-blocking and close-on-exec.
 *
 * Returns the descriptor, or -1 with errno:
 *     EINVAL     the address has none of the forms above;
 *     ENOENT     there is no such host;
 *     EAGAIN     no name server answers;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as socket(2) or bind(2).
 *
 * May switch: looks a host name up in another thread. */
GREEN_API int green_datagram_listen(const char *address);

/* Make a socket that sends datagrams to an address and receives those from
 * there.
 *
 * The timeout is for the look-up of a host name; nothing is sent, so this does
 * not tell whether anybody is there.  That a datagram was refused is told by a
 * later call on the socket, with ECONNREFUSED.  On Linux a Unix socket gets a
 * name of its own, to be answered at.  The descriptor is the caller's; it is
 * non-blocking and close-on-exec.
 *
 * Returns the descriptor, or -1 with errno:
 *     EINVAL     the address has none of the forms above;
 *     ENOENT     there is no such host, or no such Unix socket;
 *     EAGAIN     no name server answers;
 *     ETIMEDOUT  it did not succeed in time;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as socket(2) or, for the first address, connect(2).
 *
 * May switch: looks a host name up in another thread. */
GREEN_API int green_datagram_dial(const char *address, int64_t timeout);

/* What a server calls for each datagram, in a greenlet of its own.
 *
 * The n bytes at data, after which comes a 0 that does not count, and the
 * address are the handler's until it returns.  It answers by green_sendto(fd,
 * ..., from, length).  Of a Unix socket that has no name the length is not more
 * than that of the family, and there is no way to answer it.  fd is the
 * server's; leave it open. */
typedef void green_datagram_handler_t(int fd, const void *data, size_t n,
                                      const struct sockaddr *from,
                                      socklen_t length, void *arg);

/* Start a server of datagrams: bind a socket to an address, and call
 * handler(fd, data, n, from, length, arg) in a new greenlet for each datagram.
 *
 * Handlers begin in the order in which the datagrams came.  options may be
 * NULL.  As many datagrams as its `max` are handled at once; those that come
 * meanwhile wait in the socket's buffer, and are dropped by the system when
 * that is full.  A handler may leave by green_exit.  While memory is short, the
 * server waits a little and tries again; errors that the socket tells of, such
 * as that an answer was refused, do not concern it.
 *
 * green_server_stop ends it: the socket stays open for the handlers' answers
 * until the last has ended, then it is closed, and what nobody has received is
 * lost.
 *
 * Returns the server, or NULL with errno:
 *     EINVAL     handler is NULL, or the address has none of the forms above;
 *     ENOMEM     no memory for it;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as green_datagram_listen.
 *
 * May switch: looks a host name up in another thread. */
GREEN_API green_server_t *
green_datagram_server_start(const char *address,
                            green_datagram_handler_t *handler, void *arg,
                            const green_server_options_t *options);

/* ---- streams: lines and formatted text over a descriptor ---- */

/* A stream has a buffer for each direction, so that many small reads and
 * writes are few system calls, and a protocol of lines is easily spoken:
 *
 *     green_stream_t *s = green_stream_open(fd);
 *     char line[512];
 *
 *     while (green_stream_read_line(s, line, sizeof line) > 0)
 *         if (green_stream_printf(s, "you said: %s", line) < 0 ||
 *             green_stream_flush(s) < 0)
 *             break;
 *     green_stream_close(s);
 *
 * What is written waits in the stream until it is flushed, or more comes than
 * there is room for: flush before you wait for an answer to it.  Any number of
 * greenlets may use a stream; each call does all it does before the next one
 * in its direction, so that lines and texts stay whole.  While a stream is in
 * use leave its descriptor alone: what the stream has read already, nobody
 * else will see. */

/* A stream. */
typedef struct green_stream green_stream_t;

/* Make a stream of a descriptor: a connection, a pipe, a file.
 *
 * It does not own the descriptor, which is closed by the caller after the
 * stream.  Nothing is read or written yet.
 *
 * Returns the stream, which green_stream_close frees, or NULL with errno:
 *     EBADF      fd is negative;
 *     ENOMEM     no memory for it.
 *
 * Never switches. */
GREEN_API green_stream_t *green_stream_open(int fd);

/* Flush a stream and free it; the descriptor stays open.
 *
 * What cannot be written is lost: whoever wants to know flushes before.  A
 * killed greenlet cannot write any more, unless it does this in a shield.
 * Aborts if another greenlet is using the stream.  NULL is allowed.
 *
 * May switch: waits for room to write. */
GREEN_API void green_stream_close(green_stream_t *s);

/* Read at least one byte and at most n, waiting for something to come.
 *
 * What is in the buffer comes first; only when that is empty is the descriptor
 * read.
 *
 * Returns the number of bytes, 0 at the end of the file or if n is 0, or -1
 * with errno:
 *     EBADF      the descriptor is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     EINVAL     s, or buffer with n above 0, is NULL;
 *     other      as green_read.
 *
 * May switch: waits for something to read. */
GREEN_API ssize_t green_stream_read(green_stream_t *s, void *buffer, size_t n);

/* Read n bytes, waiting as often as it takes.
 *
 * If it fails midway, how much was read is unknown.
 *
 * Returns n, or less only at the end of the file, or -1 with errno:
 *     EBADF      the descriptor is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     EINVAL     s, or buffer with n above 0, is NULL;
 *     other      as green_read.
 *
 * May switch: waits for something to read. */
GREEN_API ssize_t green_stream_read_all(green_stream_t *s, void *buffer,
                                        size_t n);

/* Read a line, with its newline and a 0 behind it, into `room` bytes.
 *
 * The last line may lack the newline.  A line may contain zeros, so mind the
 * length.  If the wait for the rest of a line fails, what has come of it stays
 * in the stream, and the next call finds it.  Of a line that is too long, line
 * gets as much as there is room for, with a 0, and the rest of it can be read
 * on.
 *
 * Returns the length with the newline, 0 at the end of the file, or -1 with
 * errno:
 *     EMSGSIZE   the line is longer than room - 1;
 *     EBADF      the descriptor is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     ENOMEM     no memory to keep so long a line;
 *     EINVAL     s or line is NULL, or room is less than 2;
 *     other      as green_read.
 *
 * May switch: waits for the end of the line. */
GREEN_API ssize_t green_stream_read_line(green_stream_t *s, char *line,
                                         size_t room);

/* Write n bytes, into the buffer as long as there is room.
 *
 * If it fails, how much of it was written is unknown; what was in the buffer
 * before, and could not be sent, still is.
 *
 * Returns n, or -1 with errno:
 *     EPIPE      nobody can read it any more;
 *     EBADF      the descriptor is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     EINVAL     s, or buffer with n above 0, is NULL;
 *     other      as green_write.
 *
 * May switch: waits for room to write. */
GREEN_API ssize_t green_stream_write(green_stream_t *s, const void *buffer,
                                     size_t n);

/* Write a text, as printf.
 *
 * It may be of any length.
 *
 * Returns the number of bytes, or -1 with errno:
 *     ENOMEM     no memory for a text longer than the buffer has room for;
 *     EINVAL     s or format is NULL;
 *     other      as green_stream_write, or vsnprintf(3).
 *
 * May switch: waits for room to write. */
GREEN_API GREEN_FORMAT(2, 3)
int green_stream_printf(green_stream_t *s, const char *format, ...);

/* Write a text, as vprintf; for functions of yours that are like printf.
 *
 * Returns the number of bytes, or -1 with errno:
 *     ENOMEM     no memory for a text longer than the buffer has room for;
 *     EINVAL     s or format is NULL;
 *     other      as green_stream_write, or vsnprintf(3).
 *
 * May switch: waits for room to write. */
GREEN_API GREEN_FORMAT(2, 0)
int green_stream_vprintf(green_stream_t *s, const char *format, va_list list);

/* Send what was written and is still in the buffer.
 *
 * If it fails, what was not sent stays there, and can be flushed later.
 *
 * Returns 0, or -1 with errno:
 *     EPIPE      nobody can read it any more;
 *     EBADF      the descriptor is not open, or was closed while this waited;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     EINVAL     s is NULL;
 *     other      as green_write.
 *
 * May switch: waits for room to write. */
GREEN_API int green_stream_flush(green_stream_t *s);

/* ---- threads ---- */

/* Work that cannot be cooperative, a long computation or a library that
 * blocks, goes to a thread; meanwhile the other greenlets run:
 *
 *     void *hash;
 *
 *     if (green_offload(slow_hash, password, &hash, 10 * GREEN_SEC) == 0)
 *         compare(hash);
 *
 * Threads that run greenlets themselves send each other functions with
 * green_spawn_on, and ask each other with green_call_on. */

/* The hub of a thread: what green_spawn_on can send work to. */
typedef struct green_hub green_hub_t;

/* Look up the hub of the calling thread, to give its address to others.
 *
 * It lives until the thread ends.  From now on main is no longer told EDEADLK
 * when nothing here could end its wait, as another thread might.
 *
 * Returns the hub, or NULL with errno:
 *     ENOMEM     no memory for it, or for being woken by others;
 *     EMFILE     no descriptors for the same.
 *
 * Never switches. */
GREEN_API green_hub_t *green_hub(void);

/* Has the calling thread a hub already, that is, has it made a call that needs
 * one before?
 *
 * Never switches.  May be called from any thread.  May be called from a signal
 * handler. */
GREEN_API bool green_has_hub(void);

/* Make a greenlet in the thread of another hub, or of one's own, that will
 * call fn(arg).
 *
 * What one thread sends starts in the order it was sent.  The greenlet has no
 * handle, and its result is dropped.  Nothing holds back who sends faster than
 * the hub can begin it; each one that has to wait takes about 50 bytes.
 *
 * Returns 0, or -1 with errno:
 *     ESRCH      that hub is gone;
 *     ENOMEM     no memory to send it;
 *     EINVAL     hub or fn is NULL.
 *
 * Never switches.  May be called from any thread. */
GREEN_API int green_spawn_on(green_hub_t *hub, void *(*fn)(void *arg),
                             void *arg);

/* Call fn(arg) in a new greenlet of another thread's hub, or of one's own, and
 * wait here for its result.
 *
 * The hub takes it in its turn, after what this thread has sent it before.  If
 * the wait ends early the call goes on over there, or has yet to begin, and its
 * result is dropped; so what arg points to must live on.  Circles of calls
 * between threads are not noticed, nor is it when nothing there could ever end
 * the call.
 *
 * Returns 0 and sets *result, unless result is NULL, or -1 with errno:
 *     ESRCH      that hub is gone, or stops; or its thread ended before fn did;
 *     ETIMEDOUT  it was not done in time; if the timeout is 0 or less, it was
 *                not begun;
 *     ECANCELED  the calling greenlet was killed;
 *     EDEADLK    on one's own hub: fn waits for the caller, directly or through
 *                others;
 *     ENOMEM     no memory for it, here or there; it was not begun;
 *     EMFILE     no descriptors to be woken by others; it was not begun;
 *     EINVAL     hub or fn is NULL;
 *     other      the error that the greenlet failed with, by green_fail.
 *
 * Switches if the timeout is above 0. */
GREEN_API int green_call_on(green_hub_t *hub, void *(*fn)(void *arg), void *arg,
                            void **result, int64_t timeout);

/* Start a thread that only runs greenlets, which others send it.
 *
 * It is stopped with green_hub_stop, and should be before the program ends.
 *
 * Returns its hub, or NULL with errno:
 *     EAGAIN     no thread could be started;
 *     ENOMEM     no memory for it;
 *     EMFILE     no descriptors for it.
 *
 * Never switches, but waits a moment for the thread to start. */
GREEN_API green_hub_t *green_hub_start(void);

/* Stop a hub that green_hub_start made, and free it.
 *
 * It takes no more work at once.  Its greenlets get `timeout` to end, those that
 * have not are killed, and when all have ended so does the thread.  That is
 * waited for in any case, also by a caller that is killed meanwhile.
 *
 * Returns 0, or -1 with errno:
 *     ETIMEDOUT  greenlets had to be killed; all is freed nevertheless;
 *     ESRCH      there is no such hub, or another has stopped it, or
 *                green_hub_start did not make it;
 *     EDEADLK    it is the caller's own hub;
 *     ENOMEM     no memory to be woken by others; nothing was done.
 *
 * Switches. */
GREEN_API int green_hub_stop(green_hub_t *hub, int64_t timeout);

/* Call fn(arg) in another thread, and wait for its result.
 *
 * fn must not use this thread's greenlets and objects.  If the wait ends early
 * and fn has not begun by then, it never will; if it has, it runs to its end
 * and its result is dropped, so what arg points to must live on.  Up to 16
 * threads, started as needed and then kept, take the calls in their order.
 *
 * Returns 0 and sets *result, unless result is NULL, or -1 with errno:
 *     ETIMEDOUT  it was not done in time; if the timeout is 0 or less, it was
 *                not begun;
 *     ECANCELED  the calling greenlet was killed;
 *     EAGAIN     no thread could be started;
 *     ENOMEM     no memory for it;
 *     EINVAL     fn is NULL.
 *
 * Switches if the timeout is above 0. */
GREEN_API int green_offload(void *(*fn)(void *arg), void *arg, void **result,
                            int64_t timeout);

/* ---- signals ---- */

/* A signal is an event like any other: a function runs in a greenlet of its own
 * for it, which may do all that greenlets may:
 *
 *     static void *stop(void *server)
 *     {
 *         green_server_stop(server, 5 * GREEN_SEC);
 *         return NULL;
 *     }
 *
 *     green_watch_t *w = green_signal(SIGTERM, stop, server);
 *
 * Until the first watch the library installs no handler for signals that can
 * be sent, and with the last one of a signal it puts back the handler that was
 * there before.  A signal that is blocked in all threads comes when one of them
 * unblocks it. */

/* A wish to be told of a signal. */
typedef struct green_watch green_watch_t;

/* From now on, have fn(arg) run in a new greenlet of this thread each time that
 * a signal comes.
 *
 * It takes the place of the program's handler, if there is one.  Of several
 * watches of a signal, in any threads, each gets it; those of a thread in the
 * order in which they began.  None is lost, not even while there is no memory
 * for the greenlet; but signals that come close together may be one to the
 * system.  What fn returns is dropped.  While there is a watch, main is not told
 * EDEADLK, as the signal might come; otherwise a watch keeps nothing alive.
 *
 * Returns the watch, which green_signal_end frees, or NULL with errno:
 *     EINVAL     fn is NULL, or signo is no signal, or one that cannot be
 *                caught (SIGKILL, SIGSTOP) or that tells of a fault of the
 *                program (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS);
 *     ENOMEM     no memory for it;
 *     EMFILE     no descriptors to be woken by it.
 *
 * Never switches. */
GREEN_API green_watch_t *green_signal(int signo, void *(*fn)(void *arg),
                                      void *arg);

/* End a watch, and free it.
 *
 * fn is not called from now on, also for signals that came before; calls that
 * have begun go on.  When the thread ends its watches do so by themselves.  NULL
 * is allowed.
 *
 * Never switches. */
GREEN_API void green_signal_end(green_watch_t *w);

/* ---- processes ---- */

/* Run another program, and wait for it while other greenlets run:
 *
 *     const char *const argv[] = {"sort", "-u", NULL};
 *     const green_process_options_t options = {.in = GREEN_PIPE,
 *                                              .out = GREEN_PIPE};
 *     green_process_t *p = green_process_start(argv, &options);
 *     char *sorted;
 *     size_t n;
 *
 *     if (p && green_process_communicate(p, text, length, &sorted, &n,
 *                                        NULL, NULL, 10 * GREEN_SEC) == 0)
 *         use(sorted, n), free(sorted);
 *     green_process_free(p);
 *
 * Waiting changes neither the program's handler of SIGCHLD nor what it says.
 * If children are ignored (SIG_IGN, SA_NOCLDWAIT), only that they have ended
 * can be learnt, with ECHILD. */

/* Split the process in two, as fork(2).
 *
 * In the child only the calling greenlet is there, and goes on, with its
 * deferred calls, locals and scopes.  All others have ended, without having
 * run on: they are no longer in any queue, group or pool, joining one returns
 * at once, and its green_error is ESRCH.  What they held or had been given is
 * lost, so a mutex of theirs stays locked.  Objects, descriptors and green_signal
 * watches of the caller's thread can be used in both, whereas servers, processes
 * and other threads are the parent's alone.  Signals that came before are
 * delivered in the parent only.  The parent notices nothing.
 *
 * If the caller is not main, it takes main's place in the child: it is told
 * EDEADLK, and exit runs its deferred calls.  As there is no main to return
 * from, the child has to end by exit or _exit (or exec); when its last greenlet
 * has ended without that, it aborts.
 *
 * After plain fork the child must go on to exec or _exit: it shares the
 * parent's poller.  To run a program, green_process_start is much faster than
 * either, since nothing is copied.
 *
 * Returns 0 in the child and its number in the parent, or -1 with errno:
 *     EAGAIN     there are too many processes;
 *     ENOMEM     no memory for it.
 *
 * Never switches. */
GREEN_API pid_t green_fork(void);

/* Wait for a child process, as waitpid(2).
 *
 * pid above 0 is that child, -1 any, 0 any of the caller's process group, and
 * -n any of group n.  options are WNOHANG, WUNTRACED and whatever else
 * waitpid(2) knows.  status may be NULL.  Several greenlets may wait; the end of
 * a child is told to one of them, and the green_process_t that stands for it
 * learns it, too.
 *
 * Returns the child's number and sets *status, or 0 if WNOHANG is given and
 * there is no news, or -1 with errno:
 *     ECHILD     there is no such child, or no more;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     other      as waitpid(2), but never EINTR.
 *
 * Switches if there is no news, unless WNOHANG is given. */
GREEN_API pid_t green_waitpid(pid_t pid, int *status, int options);

/* Another program as a child process. */
typedef struct green_process green_process_t;

/* For in, out and err below: a pipe, whose other end we have; nothing to read,
 * and nowhere to write (/dev/null); and, for err, the same as out. */
#define GREEN_PIPE (-2)
#define GREEN_NULL (-3)
#define GREEN_OUT (-4)

/* How a process begins.  All zero: as this one is.  Set fields by name, since
 * more may follow. */
typedef struct green_process_options {
    /* Its environment, NULL at the end.  NULL: ours. */
    const char *const *environment;
    /* Its current directory.  NULL: ours. */
    const char *directory;
    /* What it has as standard input, output and error.  0: what we have;
     * GREEN_PIPE, GREEN_NULL or GREEN_OUT; or a descriptor of ours plus 1. */
    int in, out, err;
    /* Let it lead a session and a process group of its own (setsid(2)), so that
     * it has no terminal, and kill(2) reaches all of its children as -pid. */
    bool new_session;
} green_process_options_t;

/* Run another program in a child process.
 *
 * argv[0] names it; without a slash it is looked for in our PATH.  argv ends
 * with NULL.  options may be NULL.  The thread stands still until the program
 * has begun, which is not long and does not depend on how many greenlets there
 * are.
 *
 * Our own descriptors do not get into the program, others do as ever.  What it
 * gets of sockets and pipes that the library made no longer is non-blocking.
 * It starts with no signal blocked, and with no handler; signals that are ignored
 * stay so.
 *
 * Returns the process, which green_process_free frees, or NULL with errno:
 *     ENOENT     there is no such program, or no such directory;
 *     EACCES     it may not be run;
 *     EINVAL     argv has no name, or in, out or err is none of the above;
 *     EBADF      a descriptor of options is not open;
 *     EMFILE     no descriptors for the pipes;
 *     EAGAIN     there are too many processes;
 *     ENOMEM     no memory for it;
 *     other      as execve(2).
 *
 * Never switches. */
GREEN_API green_process_t *
green_process_start(const char *const *argv,
                    const green_process_options_t *options);

/* Look up the number of a process.
 *
 * Once its end is known, the system may give the number to another.
 *
 * Returns the number, or -1 for NULL.
 *
 * Never switches. */
GREEN_API pid_t green_process_pid(const green_process_t *p);

/* Look up our end of the pipe to its standard input, or of those from its
 * standard output and error.
 *
 * green_write and green_read it; to tell the program that there is no more, close
 * the former, with green_close.  As with any pipe, a write to a program that
 * has ended sends SIGPIPE.
 *
 * Returns the descriptor, or -1 if there is no such pipe, or it was closed.
 *
 * Never switches. */
GREEN_API int green_process_in(const green_process_t *p);
GREEN_API int green_process_out(const green_process_t *p);
GREEN_API int green_process_err(const green_process_t *p);

/* Wait until a process has ended.
 *
 * Any number may wait, also after its end and again.
 *
 * Returns 0 and sets *status, unless status is NULL, to what waitpid(2) tells
 * (see WIFEXITED), or -1 with errno:
 *     ETIMEDOUT  it did not end in time;
 *     ECANCELED  the calling greenlet was killed;
 *     ECHILD     it has ended, but how was told to code that called plain
 *                waitpid, or to nobody, since children are ignored;
 *     EINVAL     p is NULL.
 *
 * Switches if it has not ended. */
GREEN_API int green_process_wait(green_process_t *p, int *status,
                                 int64_t timeout);

/* Send a signal to a process.
 *
 * Never to another one that has got its number since.
 *
 * Returns 0, or -1 with errno:
 *     ESRCH      it has ended;
 *     EINVAL     p is NULL, or there is no such signal;
 *     EPERM      it has become another user's.
 *
 * Never switches. */
GREEN_API int green_process_signal(green_process_t *p, int signo);

/* Feed a process its input, gather all that it writes to its pipes, and wait
 * for its end.
 *
 * Everything happens at once, so that neither side waits for the other.  When
 * the input, which is copied, has been read or the program no longer reads, its
 * pipe is closed.  *out and *err are new memory with a NUL after the last byte,
 * to be freed with free(3), or NULL if there is no such pipe.  Each of the
 * outputs may be NULL, and what would go there is dropped.  One that has passed
 * on its pipes to a process of its own is not done before that one is.
 *
 * If it fails nothing is lost: call it again to go on, and the input of the
 * first call counts.  To be done with a program that is too slow, send it SIGKILL
 * (see new_session for those that it has started) and call again: that gives what
 * it has written until then.
 *
 * Returns 0 and sets the outputs, or -1 with errno:
 *     ETIMEDOUT  it was not done in time;
 *     ECANCELED  the calling greenlet was killed;
 *     EALREADY   another greenlet is doing it;
 *     EINVAL     p is NULL, or there is input but no pipe for it;
 *     ENOMEM     no memory for what is to be kept.
 *
 * Switches if the timeout is above 0. */
GREEN_API int green_process_communicate(green_process_t *p, const void *input,
                                        size_t n, char **out,
                                        size_t *out_length, char **err,
                                        size_t *err_length, int64_t timeout);

/* Run another program to its end, and gather what it writes to its standard
 * output.
 *
 * Its input is /dev/null, its standard error ours.  *out is new memory with a NUL
 * after the last byte, to be freed with free(3).  If out is NULL its standard
 * output is ours.  out_length and status may be NULL.  If this fails while the
 * program runs, that is killed, with SIGKILL; what it has started runs on.
 *
 * Returns 0 and sets the outputs, however it ended, or -1 with errno:
 *     ETIMEDOUT  it did not end in time;
 *     ECANCELED  the calling greenlet was killed;
 *     ECHILD     as for green_process_wait;
 *     other      as for green_process_start.
 *
 * Switches if the timeout is above 0. */
GREEN_API int green_process_run(const char *const *argv, char **out,
                                size_t *out_length, int *status,
                                int64_t timeout);

/* Free a process, and close our ends of its pipes.
 *
 * If it has not ended it runs on, and leaves no zombie: its end is waited for
 * behind the scenes.  Freeing it while a greenlet waits for it aborts.  NULL is
 * allowed.
 *
 * Never switches. */
GREEN_API void green_process_free(green_process_t *p);

/* ---- looking inside ---- */

/* When a program stands still, ask it what it is waiting for:
 *
 *     green_dump(2);
 *
 * A deadlock that main is caught in is reported that way by itself. */

/* Write a line for each greenlet of the calling thread to a descriptor:
 *
 *     #7 worker  waiting to get from queue 0x55d0c0 for 1.204 s  by #1 at 0x4..
 *
 * This is number 7, spawned by number 1 in the line of the program that
 * `addr2line -e PROGRAM` tells for the last address.  Descriptors are waited
 * for by number, other things are named by address.  The writes are plain ones
 * that may stop the thread; nothing is allocated.
 *
 * Never switches. */
GREEN_API void green_dump(int fd);

/* Have the greenlets of all threads dumped to standard error whenever a signal
 * comes; 0: no more, and the handler that was there before is back.
 *
 *     green_dump_on_signal(SIGUSR1);      then, in a shell: kill -USR1 PID
 *
 * It works while threads rest and while they hang, in an endless loop or in a
 * call that blocks.  A thread of the library's takes the signal in, and
 * interrupts one thread after the other by SIGURG to write its part; calls that
 * SA_RESTART does not restart fail with EINTR then.  In a child made by fork it
 * is off.
 *
 * Returns 0, or -1 with errno:
 *     EINVAL     signo cannot be caught, or means that a thread has gone wrong,
 *                or is SIGURG;
 *     EAGAIN     no thread could be started;
 *     EMFILE     no descriptors for it.
 *
 * Never switches.  May be called from any thread. */
GREEN_API int green_dump_on_signal(int signo);

/* Report each greenlet, of any thread, that runs for longer than the limit
 * without giving way; 0 or less: no more.
 *
 * It keeps all others of its thread waiting; see green_offload for what cannot
 * be helped.  The report goes to standard error, once for each time: which
 * greenlet, for how long, and what it was doing.
 *
 *     libgreen: greenlet 7 (worker) has run for 100 ms without giving way:
 *     ./server(+0x1a2b)[0x55d0c0001a2b]
 *
 * The lines after the first are the calls it was in, after some of the
 * library's own; `addr2line -f -e ./server +0x1a2b` names the place.  A thread
 * of the library's looks about four times within the limit, at least a
 * millisecond apart, and interrupts by SIGURG who is to be reported: calls that
 * SA_RESTART does not restart fail with EINTR then.  Nothing is reported of a
 * thread that waits for the world, and a switch costs no more than without.  In
 * a child made by fork it is off.
 *
 * Never switches.  May be called from any thread. */
GREEN_API void green_watchdog(int64_t limit);

/* Open a socket on which to ask what the greenlets of the calling thread do, and
 * to end one.
 *
 *     green_debug_start("/run/user/1000/server");
 *
 *     socat - UNIX:/run/user/1000/server           then, in a shell
 *     tools/green-debug /run/user/1000/server tree
 *
 * It takes a command a line: help, list, tree (who spawned whom), dump, stats,
 * kill ID and quit.  Each answer ends with an empty line.  A greenlet answers,
 * so nobody does while another one hangs: that is what green_dump_on_signal is
 * for.  As many as like may ask at the same time.  That somebody may ask does not
 * keep main from being told of a deadlock, nor from being done with green_run; but
 * green_hub_stop waits for it, so close it first in a thread of green_hub_start.
 *
 * The socket's file has mode 0600 before anybody can connect, and only who runs
 * the process, or root, is answered.  A socket that a dead process left behind is
 * replaced.  The file is removed by green_debug_stop, when the thread ends, and
 * at exit.  There is one socket for a process, and none in the child of a fork.
 *
 * Returns 0, or -1 with errno:
 *     EBUSY      there is one already;
 *     EADDRINUSE a process listens there, or the file is not a socket;
 *     EINVAL     path is NULL, empty, or begins with @;
 *     ETIMEDOUT  an enclosing scope's time is up;
 *     ECANCELED  the calling greenlet was killed;
 *     ENOMEM     no memory for it;
 *     other      as socket(2) or bind(2), such as ENAMETOOLONG.
 *
 * Never switches. */
GREEN_API int green_debug_start(const char *path);

/* Close the socket, hang up on who is connected, and remove the file.
 *
 * Returns 0, or -1 with errno:
 *     ESRCH      none was opened by this thread.
 *
 * Switches. */
GREEN_API int green_debug_stop(void);

/* Figures about the calling thread's hub.  More may follow. */
typedef struct green_stats {
    /* greenlets: that have not ended, main too.
     * ready: in the ready queue now.
     * spawned: since the beginning.
     * switches: from one greenlet to another, since the beginning.
     * polls: how often descriptors were looked at, since the beginning.
     * timers: waits with a deadline now.
     * stacks_cached: stacks kept for the next greenlets.
     * stacks_unguarded: stacks without a guard, for want of mappings; an
     *     overflow of one of these is only noticed afterwards. */
    uint64_t greenlets, ready, spawned, switches, polls, timers, stacks_cached,
        stacks_unguarded;
} green_stats_t;

/* Look up the figures of the calling thread's hub.
 *
 * Returns 0 and sets *stats, or -1 with errno:
 *     EINVAL     stats is NULL.
 *
 * Never switches. */
GREEN_API int green_stats(green_stats_t *stats);

/* Look up the hash of all switches that this thread has made so far.
 *
 * Into it go who stopped and why, who went on and with what result, but no
 * address, descriptor or time.  So two runs that behaved alike have the same
 * hash, on any machine.
 *
 * Returns the hash; 0 unless GREEN_TRACE_HASH=1 was in the environment when
 * the hub was made.
 *
 * Never switches. */
GREEN_API uint64_t green_trace_hash(void);

/* Functions of the program's that are told what the greenlets of a thread do:
 * for counters, profilers, a log.  Each may be NULL.
 *
 * They are called in the middle of things, so they must be quick, must not
 * block, yield, spawn or leave by longjmp, and what they do to errno is undone.
 * The handles are valid during the call; retain one to keep it. */
typedef struct green_hooks {
    /* g was made, by the greenlet that runs; it has its number and name. */
    void (*on_spawn)(green_t *g, void *arg);
    /* `from` stops and `to` goes on.  Called on the stack of `from`, for which
     * green_ready tells whether it has ended. */
    void (*on_switch)(green_t *from, green_t *to, void *arg);
    /* g has ended, with its result; who joins it has not been told. */
    void (*on_end)(green_t *g, void *arg);
    /* What all three are given. */
    void *arg;
} green_hooks_t;

/* Set the hooks of the calling thread's hub, in place of those it has; NULL:
 * none.
 *
 * They are copied.  Without hooks a switch costs what it always does.  A hook
 * that blocks aborts.
 *
 * Returns 0, or -1 with errno:
 *     ENOMEM     this is the thread's first call, and there is no memory.
 *
 * Never switches. */
GREEN_API int green_set_hooks(const green_hooks_t *hooks);

/* Begin to record what each greenlet does, in a file for a viewer.
 *
 * The file is in the trace event format of Chrome: ui.perfetto.dev and
 * chrome://tracing show it, one track for each greenlet, with a slice for each
 * of its runs that tells why it stopped.  All threads that have greenlets are
 * recorded, those that rest from when they are woken next; in a child made by
 * fork nothing is.  Meanwhile a switch costs about half a microsecond more,
 * and 150 bytes of the file.  That is complete when green_trace_stop is called
 * or the program exits; viewers accept it even if neither happens.
 *
 * Returns 0, or -1 with errno:
 *     EBUSY      a recording is being made;
 *     ENOMEM     no memory for it;
 *     EINVAL     path is NULL;
 *     other      as open(2).
 *
 * Never switches. */
GREEN_API int green_trace_start(const char *path);

/* End the recording, and complete its file.
 *
 * Without a recording it does nothing.
 *
 * Returns 0, or -1 with errno:
 *     other      as the write(2) or close(2) that failed; from there on nothing
 *                was written.
 *
 * Never switches.  May be called from any thread. */
GREEN_API int green_trace_stop(void);

/* Have fn(arg) called when nothing could ever end the wait of main, instead of
 * the report on standard error.
 *
 * It is called before the wait fails with EDEADLK, and must not block.  It may
 * call green_dump.  NULL brings the report back.  Each thread's hub has its
 * own.
 *
 * Never switches. */
GREEN_API void green_set_deadlock_fn(void (*fn)(void *arg), void *arg);

/* ---- the patch library ---- */

/* Libraries that block, such as database clients, become cooperative without a
 * change, when libgreen_patch is linked too: it has functions of libc's names that
 * let other greenlets run while they wait.
 *
 *     cc program.c -lgreen_patch -lgreen -lcurl
 *
 *     int main(void)
 *     {
 *         green_patch_all();
 *         ... greenlets that call curl_easy_perform ...
 *
 * Only calls from greenlets are, that is, from threads that have a hub; all others
 * are what they were.  The flags of descriptors stay as they are, and O_NONBLOCK,
 * MSG_DONTWAIT, SO_RCVTIMEO and SO_SNDTIMEO mean what they mean: who does not want
 * to wait does not.  A kill and an enclosing scope end the wait of a patched call
 * with ECANCELED or ETIMEDOUT, as any other.  A signal whose handler is installed by
 * sigaction or signal interrupts, with EINTR, what main waits in, and in every greenlet
 * what waits for signals (pause, ppoll with a mask); in a handler patched calls go
 * straight to the kernel.  Calls inside libc (syslog, getpwnam) are not changed.
 *
 * Once GREEN_PATCH_THREAD is patched, each greenlet is an owner of mutexes of its
 * own, and waits for libc's locks without its thread.  Of those waits neither a kill
 * nor a scope ends pthread_mutex_lock, pthread_cond_wait and others whose callers
 * reckon with no failure; those that have a time fail with ETIMEDOUT, and sem_wait
 * with ECANCELED or ETIMEDOUT.
 * docs/patching.md tells more. */
/* The families of functions: */
#define GREEN_PATCH_SOCKET 0x001  /* accept, connect, recv, send and theirs */
#define GREEN_PATCH_FILE 0x002    /* read, write and theirs; close, flock, fsync */
#define GREEN_PATCH_POLL 0x004    /* poll, select, epoll_wait */
#define GREEN_PATCH_TIME 0x008    /* sleep, usleep, nanosleep, ... */
#define GREEN_PATCH_DNS 0x010     /* getaddrinfo, getnameinfo, gethostbyname */
#define GREEN_PATCH_PROCESS 0x020 /* fork, wait, system, pclose, semop */
#define GREEN_PATCH_SIGNAL 0x040  /* sigaction, pause, sigwait; signal masks */
#define GREEN_PATCH_THREAD 0x080  /* pthread_mutex_*, pthread_cond_*, sem_*, ... */
#define GREEN_PATCH_STDIO 0x100   /* getc, fgets, fread, printf, fwrite, ... */

/* Make families of functions cooperative, in the whole process.
 *
 * Before other threads use libgreen: its own calls are redirected, too.
 *
 * Returns 0, or -1 with errno:
 *     EINVAL     none, or one that does not exist;
 *     ENOTSUP    GREEN_PATCH_THREAD, GREEN_PATCH_STDIO in the static library;
 *     ENOMEM     no memory for the thread's hub.
 *
 * Never switches. */
GREEN_PATCH_API int green_patch(unsigned what);

/* Make all families cooperative that there are.
 *
 * Returns 0, or -1 with errno as green_patch does.
 *
 * Never switches. */
GREEN_PATCH_API int green_patch_all(void);

/* Let families of functions block again.  Greenlets that wait in them wait on.
 *
 * Returns 0, or -1 with errno:
 *     EINVAL     one that does not exist.
 *
 * Never switches.  May be called from any thread. */
GREEN_PATCH_API int green_unpatch(unsigned what);

/* Do calls of libc's functions reach the patch library?  If libraries were linked
 * in an order by which they do not, patching them has no effect.
 *
 * Returns 0, or -1 with errno:
 *     ENOSYS     they do not; name libgreen_patch first when linking.
 *
 * Never switches.  May be called from any thread. */
GREEN_PATCH_API int green_patch_verify(void);

/* Write which families are patched, and how often patched calls have waited, while
 * others could run.  Then, of what the watchdog has found since the first patch,
 * which of libc's functions a thread stood still in, and how often (glibc, and not
 * in static programs).
 *
 * Never switches.  May be called from any thread. */
GREEN_PATCH_API void green_patch_report(int fd);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/* dump_signal.c - layer 4: a dump of all hubs when a signal comes.
 *
 * The signal may come to any thread, at any time, so its handler only rings a
 * lookout.  That asks one hub after the other to write its dump, in a handler of
 * the hub's thread: there nothing else can change what the dump is of, whether
 * the thread rests, computes, or hangs in a call.  It may be in the middle of a
 * change, though: whatever changes the list of greenlets, or what a line tells
 * of one, does so in steps that leave it readable. */
#include "dump_signal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "dump.h"
#include "line.h"
#include "hubs.h"
#include "lookout.h"
#include "poke.h"
#include "sys.h"

enum { PATIENCE = 1000 }; /* milliseconds, for a thread to take a signal */

static void dump_here(struct green_hub *h)
{
    green__dump(h, 2);
}

static void dump_hub(struct green_hub *h, void *arg)
{
    struct line l = {.n = 0};

    (void)arg;
    if (green__poke_await(h, dump_here, PATIENCE))
        return;
    green__line_text(&l, "libgreen: greenlets of a thread that does not let "
                         "SIGURG in to tell of them\n");
    green__line_write(&l, 2);
}

static void dump_all(bool rung);
static struct lookout dumper = LOOKOUT_INIT(dump_all, -1);

/* Rung, or since it could not when it was. */
static void dump_all(bool rung)
{
    bool is_done = green__hubs_try_each(dump_hub, NULL);

    (void)rung;
    atomic_store(&dumper.period, is_done ? -1 : 1);
}

/* ---- on and off ---- */

static pthread_mutex_t dumper_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction dump_before; /* what there was for dumper.signo */

static void on_dump_signal(int signo)
{
    int saved_errno = errno;

    (void)signo;
    green__lookout_ring(&dumper);
    errno = saved_errno;
}

static void switch_dumper_off(void)
{
    if (dumper.signo == 0)
        return;
    green__sys.sigaction(dumper.signo, &dump_before, NULL);
    green__lookout_stop(&dumper);
    dumper.signo = 0;
}

static int switch_dumper_on(int signo)
{
    struct sigaction ours;

    memset(&ours, 0, sizeof ours);
    ours.sa_handler = on_dump_signal;
    ours.sa_flags = SA_ONSTACK | SA_RESTART;
    sigfillset(&ours.sa_mask);
    if (green__poke_prepare() < 0 ||
        green__sys.sigaction(signo, &ours, &dump_before) != 0)
        return -1;
    dumper.signo = signo;
    if (green__lookout_start(&dumper) == 0)
        return 0;
    switch_dumper_off();
    return -1;
}

/* SIGURG is what threads are poked with; the others come of what a thread does,
 * and would come again. */
static bool is_dump_signal(int signo)
{
    return signo >= 0 && signo != SIGURG && signo != SIGSEGV &&
           signo != SIGBUS && signo != SIGFPE && signo != SIGILL;
}

int green_dump_on_signal(int signo)
{
    int r = 0, saved_errno;

    if (!is_dump_signal(signo)) {
        errno = EINVAL;
        return -1;
    }
    pthread_mutex_lock(&dumper_lock);
    switch_dumper_off();
    if (signo != 0)
        r = switch_dumper_on(signo);
    saved_errno = errno;
    pthread_mutex_unlock(&dumper_lock);
    errno = saved_errno;
    return r;
}

/* By its name, with or without SIG, or by its number; 0: there is no such. */
static int signal_of(const char *wish)
{
    static const struct {
        const char *name;
        int signo;
    } signals[] = {{"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"QUIT", SIGQUIT},
                   {"HUP", SIGHUP},   {"CONT", SIGCONT}, {"WINCH", SIGWINCH}};
    size_t i;

    if (strncmp(wish, "SIG", 3) == 0)
        wish += 3;
    for (i = 0; i < sizeof signals / sizeof *signals; i++)
        if (strcmp(wish, signals[i].name) == 0)
            return signals[i].signo;
    return (int)strtol(wish, NULL, 10);
}

static void dump_as_wished(void)
{
    const char *wish = green__sys.getenv("GREEN_DUMP_SIGNAL");

    if (wish && signal_of(wish) > 0)
        green_dump_on_signal(signal_of(wish));
}

void green__dump_signal_open(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, dump_as_wished);
}

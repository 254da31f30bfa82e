/* SPDX-License-Identifier: MIT */
/* threads.c - scenarios of workers, other hubs, and what looks from outside. */
#include "scenario.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int done;

static void *count(void *arg)
{
    done++;
    return arg;
}

static void *offload_some(void *arg)
{
    (void)arg;
    for (int i = 0; i < 3; i++) {
        void *value = NULL;

        if (went(green_offload(count, &value, &value, GREEN_SEC)))
            must(value == &value);
        else
            must(value == NULL);
    }
    return NULL;
}

static void run_offload(void)
{
    done = 0;
    team_add(offload_some, NULL);
    team_add(offload_some, NULL);
    team_end();
    must(done >= 6 || first_error); /* with late ones of the run before */
}

static const struct scenario offload = {
    "offload", run_offload, NULL, {ETIMEDOUT}, 16};

static void *nap(void *arg)
{
    green_sleep(GREEN_US);
    return count(arg);
}

static void run_hub(void)
{
    green_hub_t *hub = green_hub_start();
    int sent = 0, one;
    void *value = NULL;

    done = 0;
    if (!made(hub))
        return;
    for (int i = 0; i < 3; i++)
        sent += went(green_spawn_on(hub, nap, NULL));
    if (went(green_call_on(hub, nap, &one, &value, GREEN_SEC))) {
        must(value == &one);
        sent++;
    }
    if (first_error)
        end_faults(); /* what waits for memory there is done now */
    if (!went(green_hub_stop(hub, 10 * GREEN_SEC)) && errno != ETIMEDOUT &&
        errno != ECANCELED) {
        end_faults();
        must(green_hub_stop(hub, 10 * GREEN_SEC) == 0);
    }
    must(done == sent || (first_error && done <= 4));
}

static const struct scenario hub = {
    "hub", run_hub, NULL, {ETIMEDOUT, ESRCH}, 0};

static void run_signal(void)
{
    green_watch_t *w = green_signal(SIGUSR1, count, NULL);

    done = 0;
    if (!made(w))
        return;
    raise(SIGUSR1);
    for (int i = 0; i < 20 && done == 0; i++)
        went(green_sleep(GREEN_MS));
    end_faults(); /* one that waits for memory comes now */
    while (done == 0 && !first_error)
        went(green_sleep(GREEN_MS));
    must(done == 1 || first_error);
    green_signal_end(w);
}

static const struct scenario signals = {"signal", run_signal, NULL, {0}, 0};

static void run_watchers(void)
{
    char path[100], socket[100];
    bool debugged;

    snprintf(path, sizeof path, "/tmp/green-faults-trace-%d", (int)getpid());
    snprintf(socket, sizeof socket, "/tmp/green-faults-debug-%d",
             (int)getpid());
    green_watchdog(50 * GREEN_MS);
    went(green_dump_on_signal(SIGUSR2));
    debugged = went(green_debug_start(socket));
    if (went(green_trace_start(path))) {
        team_add(nap, NULL);
        team_end();
        went(green_trace_stop());
    }
    if (debugged)
        must(green_debug_stop() == 0);
    went(green_dump_on_signal(0));
    green_watchdog(0);
    unlink(socket);
    unlink(path);
}

static const struct scenario watchers = {
    "watchers", run_watchers, NULL, {EBUSY}, 0};

const struct scenario *const scenarios_of_threads[] = {&offload, &hub, &signals,
                                                       &watchers, NULL};

/* SPDX-License-Identifier: MIT */
/* action.c - what the program wants done at a signal.
 *
 * SIGCHLD is always ours, as it tells that a wait for a child may be over; SIGSYS
 * is what the engine lives on. */
#include "action.h"

enum { SIGNALS = 64, RESTORER = 0x04000000 };

void run_restorer(void);

static struct action actions[SIGNALS + 1];
static void (*arrives)(int, siginfo_t *, void *);

static long to_kernel(int signal, const struct action *new, struct action *old)
{
    return kernel(SYS_rt_sigaction, signal, (long)new, (long)old,
                  sizeof(uint64_t));
}

void action_install(int signal, void (*handler)(int, siginfo_t *, void *))
{
    struct action a = {.handler = handler,
                       .flags = SA_SIGINFO | SA_RESTART | RESTORER,
                       .restorer = run_restorer,
                       .mask = MASK_ALL};

    a.flags |= actions[signal].flags & (SA_ONSTACK | SA_NOCLDSTOP);
    to_kernel(signal, &a, NULL);
}

static bool is_ignored(const struct action *a)
{
    return (uintptr_t)a->handler == (uintptr_t)SIG_IGN;
}

static bool is_plain(const struct action *a)
{
    return (uintptr_t)a->handler == (uintptr_t)SIG_DFL || is_ignored(a);
}

/* The engine's handler stands for the program's, and for SIGCHLD's default. */
static long tell_kernel(int signal)
{
    struct action *a = &actions[signal], plain = *a;

    if (signal == SIGSYS)
        return 0;
    if (!is_plain(a) || (signal == SIGCHLD && !is_ignored(a))) {
        action_install(signal, arrives);
        return 0;
    }
    plain.flags |= RESTORER;
    plain.restorer = run_restorer;
    return to_kernel(signal, &plain, NULL);
}

void action_begin(void (*engine)(int, siginfo_t *, void *))
{
    arrives = engine;
    for (int i = 1; i <= SIGNALS; i++)
        to_kernel(i, NULL, &actions[i]);
    tell_kernel(SIGCHLD);
}

struct action action_get(int signal)
{
    return actions[signal];
}

int action_set(int signal, const struct action *wanted)
{
    if (signal == SIGKILL || signal == SIGSTOP)
        return -EINVAL;
    actions[signal] = *wanted;
    return (int)tell_kernel(signal);
}

bool action_handles(int signal)
{
    return !is_plain(&actions[signal]);
}

bool action_ignores(int signal)
{
    if (is_ignored(&actions[signal]))
        return true;
    return is_plain(&actions[signal]) &&
           (signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH ||
            signal == SIGCONT);
}

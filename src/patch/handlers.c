/* SPDX-License-Identifier: MIT */
/* handlers.c - layer 8: sigaction and signal, so that handlers are known.
 *
 * The kernel is given a handler of ours, which tells who waits (interruption.c) and
 * calls the program's.  While that runs, hooks go straight to the kernel: whatever
 * it interrupted, the hub itself perhaps, must not be switched away from.
 *
 * A handler that is left by a jump is noticed when its greenlet calls a hook from
 * above the handler's frame, or another greenlet calls one. */
#include "handlers.h"
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include "interruption.h"
#include "memory.h"
#include "patch.h"

#pragma weak dladdr

enum { SIGNALS = 65, FIRST_OF_LIBC = 32, LAST_OF_LIBC = 33 };
#define HAS_RESTORER 0x04000000UL /* SA_RESTORER */

/* What the kernel calls a struct sigaction. */
struct action {
    void *handler;
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

void green__restore(void); /* in call_*.S */

/* What the program has asked for. */
static struct known {
    _Atomic(void *) handler;
    atomic_ulong flags;
} known[SIGNALS];
static atomic_bool any_known;

/* The handler that runs in this thread, or nobody. */
static _Thread_local struct visit {
    const char *frame;
    const char *lowest; /* of a stack apart, or NULL */
    green_t *whom;      /* it interrupted */
} visit;

bool green__handlers_known(void)
{
    return atomic_load_explicit(&any_known, memory_order_relaxed);
}

bool green__in_handler(void)
{
    const char *here = __builtin_frame_address(0);

    if (!visit.frame)
        return false;
    if (here < visit.frame && (!visit.lowest || here >= visit.lowest) &&
        green_self() == visit.whom)
        return true;
    visit.frame = NULL;
    return false;
}

static const char *lowest_of_stack_apart(void)
{
    stack_t apart = {.ss_flags = SS_DISABLE};

    green__call(SYS_sigaltstack, 0, (long)&apart, 0, 0, 0, 0);
    return apart.ss_flags & SS_ONSTACK ? apart.ss_sp : NULL;
}

/* Calling it with three arguments is right for either kind. */
static void on_known(int signo, siginfo_t *info, void *context)
{
    void (*handler)(int, siginfo_t *, void *);
    void *wanted = atomic_load(&known[signo].handler);
    unsigned long flags = atomic_load(&known[signo].flags);
    struct visit before = visit;

    memcpy(&handler, &wanted, sizeof handler);
    if (green_has_hub()) {
        visit = (struct visit){__builtin_frame_address(0),
                               lowest_of_stack_apart(), green_self()};
        green__handler_ran(flags & SA_RESTART);
    }
    handler(signo, info, context);
    visit = before;
}

static void *our_handler(void)
{
    void (*ours)(int, siginfo_t *, void *) = on_known;
    void *handler;

    memcpy(&handler, &ours, sizeof handler);
    return handler;
}

static bool is_function(const void *handler)
{
    return (uintptr_t)handler > 1; /* SIG_DFL, SIG_IGN */
}

/* ---- the kernel's call ---- */

static long set_action(int signo, struct action *now, struct action *old)
{
    if (now) {
        now->flags |= HAS_RESTORER;
        now->restorer = green__restore;
    }
    return green__call(SYS_rt_sigaction, signo, (long)now, (long)old, MASK_SIZE,
                       0, 0);
}

static struct action action_of(const struct sigaction *a)
{
    struct action k = {.flags = (unsigned long)(unsigned)a->sa_flags};

    memcpy(&k.handler, &a->sa_sigaction, sizeof k.handler);
    memcpy(&k.mask, &a->sa_mask, sizeof k.mask);
    return k;
}

static struct sigaction sigaction_of(const struct action *k)
{
    struct sigaction a;

    memset(&a, 0, sizeof a);
    memcpy(&a.sa_sigaction, &k->handler, sizeof k->handler);
    memcpy(&a.sa_mask, &k->mask, sizeof k->mask);
    a.sa_flags = (int)(k->flags & ~HAS_RESTORER);
    return a;
}

int green__plain_sigaction(int signo, const struct sigaction *now,
                           struct sigaction *old)
{
    struct action wanted, before;
    long r;

    if (now)
        wanted = action_of(now);
    r = set_action(signo, now ? &wanted : NULL, &before);
    if (r == 0 && old)
        *old = sigaction_of(&before);
    return (int)call_result(r);
}

/* ---- knowing ---- */

/* What the thread itself causes interrupts no wait. */
static bool is_fault(int signo)
{
    return signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE ||
           signo == SIGILL || signo == SIGTRAP || signo == SIGSYS;
}

/* Put ours in its place. */
static void know(int signo, struct action *k)
{
    if (!is_function(k->handler) || k->handler == our_handler() ||
        is_fault(signo))
        return;
    atomic_store(&known[signo].handler, k->handler);
    atomic_store(&known[signo].flags, k->flags);
    atomic_store(&any_known, true);
    k->handler = our_handler();
    k->flags |= SA_SIGINFO;
}

/* As the program sees it: its own. */
static void unmask(struct action *k, void *handler, unsigned long flags)
{
    if (k->handler != our_handler())
        return;
    k->handler = handler;
    k->flags = flags;
}

/* Those of libgreen must stay, as it looks whether they are there.  Linked
 * statically they cannot be told from the program's, so none is changed. */
static bool is_libgreens(const void *handler)
{
    const void *function = (const void *)(uintptr_t)green_self;
    Dl_info its, ours;

    return !dladdr || dladdr(handler, &its) == 0 ||
           dladdr(function, &ours) == 0 || its.dli_fbase == ours.dli_fbase;
}

void green__handlers_patch(void)
{
    struct action k;

    for (int signo = 1; signo < SIGNALS; signo++) {
        if (set_action(signo, NULL, &k) != 0 || !is_function(k.handler) ||
            is_libgreens(k.handler))
            continue;
        know(signo, &k);
        if (k.handler == our_handler())
            set_action(signo, &k, NULL);
    }
}

static long change_action(int signo, const struct sigaction *now,
                          struct sigaction *old)
{
    struct sigaction given;
    struct action wanted, before;
    void *handler;
    unsigned long flags;
    long r;

    if (signo <= 0 || signo >= SIGNALS ||
        (signo >= FIRST_OF_LIBC && signo <= LAST_OF_LIBC))
        return -EINVAL;
    handler = atomic_load(&known[signo].handler);
    flags = atomic_load(&known[signo].flags);
    if (now) {
        if (!green__load(&given, now, sizeof given))
            return -EFAULT;
        wanted = action_of(&given);
        if (green__handlers_wanted())
            know(signo, &wanted);
    }
    r = set_action(signo, now ? &wanted : NULL, &before);
    if (r != 0 || !old)
        return r;
    unmask(&before, handler, flags);
    given = sigaction_of(&before);
    return green__store(old, &given, sizeof given) ? 0 : -EFAULT;
}

/* ---- hooks ---- */

HOOK(sigaction, int, hook_sigaction,
     (int signo, const struct sigaction *now, struct sigaction *old));
int hook_sigaction(int signo, const struct sigaction *now,
                   struct sigaction *old)
{
    return (int)call_result(change_action(signo, now, old));
}
HOOK_ALIAS(__sigaction, int, hook_sigaction_2,
           (int signo, const struct sigaction *now, struct sigaction *old),
           sigaction);

typedef void (*handler_t)(int signo);

static _Atomic uint64_t interrupting; /* signals of siginterrupt */

static handler_t install(int signo, handler_t handler, int flags)
{
    struct sigaction now = {.sa_flags = flags}, old;

    now.sa_handler = handler;
    if (!(flags & SA_NODEFER) && signo > 0 && signo < SIGNALS)
        sigaddset(&now.sa_mask, signo);
    return hook_sigaction(signo, &now, &old) == 0 ? old.sa_handler : SIG_ERR;
}

HOOK(signal, handler_t, hook_signal, (int signo, handler_t handler));
handler_t hook_signal(int signo, handler_t handler)
{
    bool interrupts = signo > 0 && signo < SIGNALS &&
                      ((atomic_load(&interrupting) >> (signo - 1)) & 1);

    return install(signo, handler, interrupts ? 0 : SA_RESTART);
}
HOOK_ALIAS(bsd_signal, handler_t, hook_signal_2, (int signo, handler_t handler),
           signal);
HOOK_ALIAS(ssignal, handler_t, hook_signal_3, (int signo, handler_t handler),
           signal);

HOOK(sysv_signal, handler_t, hook_sysv_signal, (int signo, handler_t handler));
handler_t hook_sysv_signal(int signo, handler_t handler)
{
    return install(signo, handler, (int)(SA_RESETHAND | SA_NODEFER));
}
HOOK_ALIAS(__sysv_signal, handler_t, hook_sysv_signal_2,
           (int signo, handler_t handler), sysv_signal);

HOOK(siginterrupt, int, hook_siginterrupt, (int signo, int interrupts));
int hook_siginterrupt(int signo, int interrupts)
{
    struct sigaction a;

    if (hook_sigaction(signo, NULL, &a) != 0)
        return -1;
    if (interrupts) {
        atomic_fetch_or(&interrupting, UINT64_C(1) << (signo - 1));
        a.sa_flags &= ~SA_RESTART;
    } else {
        atomic_fetch_and(&interrupting, ~(UINT64_C(1) << (signo - 1)));
        a.sa_flags |= SA_RESTART;
    }
    return hook_sigaction(signo, &a, NULL);
}

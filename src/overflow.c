/* SPDX-License-Identifier: MIT */
/* overflow.c - layer 2: the line that names a greenlet whose stack ran over.
 *
 * A stack that overflows runs into its guard, and there is no stack left to
 * handle the signal on, so every thread that has greenlets gets a signal stack.
 * Our handler comes first, and then the program's own, as if it were alone: it
 * may be older than ours or younger, and a younger one may in turn call ours,
 * which it found when it was installed.  `kept` is therefore a stack of
 * handlers, and a nested call of ours means the next older one.
 *
 *     kept[0]            what was there before us
 *     kept[n_kept - 1]   the latest: called first
 *
 * After an overflow nothing can go on, so in the end the default action is
 * restored and the faulting instruction runs again: the process dies of the
 * signal, and the core shows where. */
#include "overflow.h"
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fiber.h"
#include "switch.h"
#include "sys.h"

enum { KEPT_HANDLERS = 8, SIGNAL_STACK = 65536, SMALLEST_PAGE = 4096 };

/* One for SIGSEGV and one for SIGBUS. */
struct watched {
    struct sigaction kept[KEPT_HANDLERS];
    atomic_uint n_kept;
};

static struct watched segv, bus;

/* Of this thread: the call of ours that is calling the program's handlers. */
static _Thread_local struct {
    const void *context;
    const void *frame;
    unsigned depth;
} chain __attribute__((tls_model("initial-exec")));

static struct watched *watched_of(int signo)
{
    return signo == SIGBUS ? &bus : &segv;
}

/* ---- the line ---- */

struct line {
    char text[512];
    size_t n;
};

static void add_text(struct line *l, const char *text)
{
    while (*text && l->n < sizeof l->text - 1)
        l->text[l->n++] = *text++;
}

static void add_number(struct line *l, uint64_t number, unsigned base)
{
    char digits[24];
    char *first = digits + sizeof digits - 1;

    *first = '\0';
    do
        *--first = "0123456789abcdef"[number % base];
    while (number /= base);
    add_text(l, first);
}

/* A name of the program's may be of any length, the line is not. */
static void add_name(struct line *l, const char *name)
{
    const size_t room = sizeof l->text / 2;
    size_t i;

    add_text(l, " (");
    for (i = 0; name[i] && i < room; i++)
        l->text[l->n++] = name[i];
    add_text(l, ")");
}

static void write_line(const green_t *g, const void *address)
{
    struct line l = {.n = 0};

    add_text(&l, "libgreen: greenlet ");
    add_number(&l, g->id, 10);
    if (g->name)
        add_name(&l, g->name);
    add_text(&l, " overflowed its ");
    add_number(&l, green__stack_size(g->stack_class) / 1024, 10);
    add_text(&l, " KiB stack (fault at 0x");
    add_number(&l, (uintptr_t)address, 16);
    add_text(&l, ")\n");
    if (green__sys.write(STDERR_FILENO, l.text, l.n) < 0)
        return;
}

/* ---- the fault ---- */

/* Is this in the guard directly below the stack of the running greenlet, and
 * not in another's?  Between two guards lies a stack, so that a walk from one
 * to the other leaves it. */
static green_t *overflowed(const void *fault)
{
    struct green_hub *h = green__current_hub;
    const char *at = fault, *low;
    green_t *g = h ? h->current : NULL;

    if (!g || !g->stack)
        return NULL;
    low = green__stack_low(g->stack_class, g->stack);
    if (at >= low || !green__stack_is_guard(at))
        return NULL;
    for (; at < low; at += SMALLEST_PAGE)
        if (!green__stack_is_guard(at))
            return NULL;
    return g;
}

static void restore_default(int signo)
{
    struct sigaction plain;

    memset(&plain, 0, sizeof plain);
    plain.sa_handler = SIG_DFL;
    sigemptyset(&plain.sa_mask);
    green__sys.sigaction(signo, &plain, NULL);
}

/* A fault happens again when we return, what was sent does not; nor may it on
 * Valgrind, which repeats the instruction with other registers. */
static void die(int signo, const siginfo_t *info)
{
    restore_default(signo);
    if (info->si_code <= 0 || green__on_valgrind())
        raise(signo);
}

static bool is_handler(const struct sigaction *a)
{
    return a->sa_flags & SA_SIGINFO ||
           (a->sa_handler != SIG_DFL && a->sa_handler != SIG_IGN);
}

/* Call the program's handler number `depth` from the latest on: was there one? */
static bool call_kept(int signo, siginfo_t *info, void *context)
{
    struct watched *w = watched_of(signo);
    unsigned n = atomic_load(&w->n_kept);
    struct sigaction *a = &w->kept[n - 1 - chain.depth], copy;

    if (chain.depth >= n || !is_handler(a))
        return chain.depth < n && a->sa_handler == SIG_IGN &&
               info->si_code <= 0;
    copy = *a;
    if (a->sa_flags & (int)SA_RESETHAND) {
        a->sa_flags &= ~SA_SIGINFO;
        a->sa_handler = SIG_DFL;
    }
    if (copy.sa_flags & SA_SIGINFO)
        copy.sa_sigaction(signo, info, context);
    else
        copy.sa_handler(signo);
    return true;
}

/* A handler may leave by longjmp, so what `chain` holds may be long past: it is
 * of now only if the signal is the same one and its frame is above ours. */
static bool is_nested(const void *context, const void *frame)
{
    return chain.context == context &&
           (uintptr_t)frame < (uintptr_t)chain.frame;
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
    const void *frame = __builtin_frame_address(0);
    bool nested = is_nested(context, frame);
    green_t *g = NULL;

    if (!nested) {
        chain.context = context;
        chain.depth = 0;
        g = info->si_code > 0 ? overflowed(info->si_addr) : NULL;
    }
    if (nested)
        chain.depth++;
    else
        chain.frame = frame;
    if (g)
        write_line(g, info->si_addr);
    if (!call_kept(signo, info, context) || g)
        die(signo, info);
    if (nested)
        chain.depth--;
    else
        chain.context = NULL;
}

/* ---- installing ---- */

static bool same_handler(const struct sigaction *a, const struct sigaction *b)
{
    if ((a->sa_flags ^ b->sa_flags) & SA_SIGINFO)
        return false;
    return a->sa_flags & SA_SIGINFO ? a->sa_sigaction == b->sa_sigaction
                                    : a->sa_handler == b->sa_handler;
}

/* A handler that was seen before has been restored by those that came after. */
static void keep(struct watched *w, const struct sigaction *a)
{
    unsigned n = atomic_load(&w->n_kept), i;

    for (i = 0; i < n && !same_handler(&w->kept[i], a); i++)
        ;
    if (i == KEPT_HANDLERS)
        i--;
    w->kept[i] = *a;
    atomic_store(&w->n_kept, i + 1);
}

static void arm_signal(int signo)
{
    struct sigaction now, ours;

    if (green__sys.sigaction(signo, NULL, &now) != 0 ||
        (now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_fault))
        return;
    keep(watched_of(signo), &now);
    memset(&ours, 0, sizeof ours);
    ours.sa_sigaction = on_fault;
    ours.sa_mask = now.sa_mask;
    ours.sa_flags =
        SA_SIGINFO | SA_ONSTACK | (now.sa_flags & (SA_NODEFER | SA_RESTART));
    green__sys.sigaction(signo, &ours, NULL);
}

static size_t signal_stack_size(void)
{
    long wanted = green__sys.sysconf(_SC_SIGSTKSZ);

    return wanted > SIGNAL_STACK ? (size_t)wanted : (size_t)SIGNAL_STACK;
}

static void give_signal_stack(struct green_hub *h)
{
    stack_t s;

    if (green__sys.sigaltstack(NULL, &s) != 0 || !(s.ss_flags & SS_DISABLE))
        return;
    memset(&s, 0, sizeof s);
    s.ss_size = signal_stack_size();
    s.ss_sp = green__sys.mmap(NULL, s.ss_size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s.ss_sp == MAP_FAILED)
        return;
    if (green__sys.sigaltstack(&s, NULL) == 0)
        h->signal_stack = s.ss_sp;
    else
        green__sys.munmap(s.ss_sp, s.ss_size);
}

void green__overflow_arm(struct green_hub *h)
{
    if (green__fiber_active())
        return; /* they report overflows themselves */
    if (!h->signal_stack_asked) {
        h->signal_stack_asked = true;
        give_signal_stack(h);
    }
    arm_signal(SIGSEGV);
    arm_signal(SIGBUS);
}

void green__overflow_close(struct green_hub *h)
{
    stack_t s, none;

    if (!h->signal_stack || green__sys.sigaltstack(NULL, &s) != 0)
        return;
    memset(&none, 0, sizeof none);
    none.ss_flags = SS_DISABLE;
    if (s.ss_sp == h->signal_stack)
        green__sys.sigaltstack(&none, NULL);
    green__sys.munmap(h->signal_stack, signal_stack_size());
    h->signal_stack = NULL;
}

/* SPDX-License-Identifier: MIT */
/* signals.c - layer 8: the calls that wait for a signal and nothing else. */
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include "interruption.h"
#include "patch.h"
#include "span.h"

/* ---- for a handler: pause, sigsuspend ---- */

/* Have the kernel run handlers of what the mask lets in: -EINTR if there was one. */
static long let_in_now(const void *mask)
{
    struct timespec none = {0, 0};

    return green__call(SYS_ppoll, 0, 0, (long)&none, (long)mask, MASK_SIZE, 0);
}

static long suspend_patched(const void *mask)
{
    struct interruption i;
    long r = green_checkpoint() == 0 ? 0 : -errno;

    if (r == 0)
        r = green__interruption_begin(&i, ALWAYS, green__let_in(mask));
    if (r != 0)
        return r;
    while ((r = let_in_now(mask)) == 0) {
        if (i.hit)
            r = -EINTR;
        else
            r = green__interruption_wait(&i, NULL, 0, GREEN_FOREVER);
        if (r != 0)
            break;
    }
    green__interruption_end(&i);
    return r;
}

static int suspend_keeping_errno(const void *mask)
{
    int saved_errno = errno;
    long r = suspend_patched(mask);

    errno = saved_errno;
    return (int)call_result(r);
}

HOOK(sigsuspend, int, hook_sigsuspend, (const sigset_t *mask));
int hook_sigsuspend(const sigset_t *mask)
{
    if (mask && green__patched(GREEN_PATCH_SIGNAL))
        return suspend_keeping_errno(mask);
    return (int)call_result(
        green__call(SYS_rt_sigsuspend, (long)mask, MASK_SIZE, 0, 0, 0, 0));
}
HOOK_ALIAS(__sigsuspend, int, hook_sigsuspend_2, (const sigset_t *mask),
           sigsuspend);

HOOK(pause, int, hook_pause, (void));
int hook_pause(void)
{
    if (green__patched(GREEN_PATCH_SIGNAL))
        return suspend_keeping_errno(NULL);
    return (int)call_result(green__call(SYS_ppoll, 0, 0, 0, 0, 0, 0));
}

/* ---- for one that is blocked: sigwait and theirs ---- */

static long take_now(const sigset_t *set, siginfo_t *info)
{
    struct timespec none = {0, 0};

    return green__call(SYS_rt_sigtimedwait, (long)set, (long)info, (long)&none,
                       MASK_SIZE, 0, 0);
}

static long take_patched(const sigset_t *set, siginfo_t *info, int64_t span)
{
    int64_t deadline = end_of(span);
    struct interruption i;
    uint64_t wanted;
    long r = green_checkpoint() == 0 ? take_now(set, info) : -errno;

    if (r != -EAGAIN || span <= 0)
        return r;
    if (!green__load(&wanted, set, sizeof wanted))
        return -EFAULT;
    r = green__interruption_begin(&i, ALWAYS, wanted);
    if (r != 0)
        return r;
    do {
        r = green__interruption_wait(&i, NULL, 0, left_until(deadline));
        if (r == 0)
            r = take_now(set, info);
        if (r == -EAGAIN && i.hit)
            r = -EINTR;
    } while (r == -EAGAIN && left_until(deadline) > 0);
    green__interruption_end(&i);
    return r;
}

HOOK(sigtimedwait, int, hook_sigtimedwait,
     (const sigset_t *set, siginfo_t *info, const struct timespec *t));
int hook_sigtimedwait(const sigset_t *set, siginfo_t *info,
                      const struct timespec *t)
{
    int saved_errno = errno;
    int64_t span;
    long r;

    if (!green__patched(GREEN_PATCH_SIGNAL) || !load_span(&span, t))
        r = green__call(SYS_rt_sigtimedwait, (long)set, (long)info, (long)t,
                        MASK_SIZE, 0, 0);
    else
        r = take_patched(set, info, span);
    errno = saved_errno;
    return (int)call_result(r);
}

HOOK(sigwaitinfo, int, hook_sigwaitinfo,
     (const sigset_t *set, siginfo_t *info));
int hook_sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
    return hook_sigtimedwait(set, info, NULL);
}

/* It returns the error, and never EINTR. */
HOOK(sigwait, int, hook_sigwait, (const sigset_t *set, int *signo));
int hook_sigwait(const sigset_t *set, int *signo)
{
    int saved_errno = errno, r;

    do
        r = hook_sigtimedwait(set, NULL, NULL);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        r = errno;
    else if (signo) {
        *signo = r;
        r = 0;
    }
    errno = saved_errno;
    return r;
}
HOOK_ALIAS(__sigwait, int, hook_sigwait_2, (const sigset_t *set, int *signo),
           sigwait);

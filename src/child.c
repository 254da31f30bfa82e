/* SPDX-License-Identifier: MIT */
/* child.c - layer 7: child processes, and the one way to wait for them.
 *
 * All reaping is done here, by waitpid with WNOHANG, tried first and again at
 * each hint that it may have something:
 *
 *   the end of one child        a descriptor that tells it (pidfd, EVFILT_PROC)
 *   any child, stops; or where  SIGCHLD.  It may be blocked in all threads, or
 *   there is none of those      have another handler: look now and then, too
 *
 * So a hint that is lost delays a wait but cannot make it hang, and a wait needs
 * neither memory nor a descriptor.
 *
 * Whoever waits for any child may be told of one that a green_process_t stands
 * for: the children that we started are in a list, and their ends noted.
 *
 * Invariant: the list holds exactly those of them that are not over. */
#include "child.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include "hub.h"
#include "signal.h"
#include "wait.h"

#define SHORTEST_PAUSE GREEN_MS
#define LONGEST_PAUSE (512 * GREEN_MS)

static struct child *children;
static pthread_mutex_t children_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- reaping; under the lock ---- */

static void note_end(struct child **at, int status, int error)
{
    struct child *c = *at;

    *at = c->next;
    c->status = status;
    c->error = error;
    c->over = true;
    if (c->left)
        green__sys.free(c);
}

/* Where the list points to the child, or to its end. */
static struct child **find_child(pid_t pid)
{
    struct child **at = &children;

    while (*at && (*at)->pid != pid)
        at = &(*at)->next;
    return at;
}

static pid_t reap_one(pid_t pid, int *status, int options)
{
    struct child **at;
    int news = 0;
    pid_t r = green__sys.waitpid(pid, &news, options | WNOHANG);

    if (r > 0 && (WIFEXITED(news) || WIFSIGNALED(news))) {
        if (*(at = find_child(r)))
            note_end(at, news, 0);
    } else if (r < 0 && errno == ECHILD && pid > 0) {
        if (*(at = find_child(pid)))
            note_end(at, 0, ECHILD);
        errno = ECHILD;
    }
    if (r > 0 && status)
        *status = news;
    return r;
}

static pid_t reap(pid_t pid, int *status, int options)
{
    pid_t r;

    pthread_mutex_lock(&children_lock);
    r = reap_one(pid, status, options);
    pthread_mutex_unlock(&children_lock);
    return r;
}

/* ---- those that nobody asks for ---- */

/* Free those that are over.  Are there more? */
static bool reap_left(void)
{
    struct child *c, *next;
    bool more = false;

    pthread_mutex_lock(&children_lock);
    for (c = children; c; c = next) {
        next = c->next;
        if (c->left && reap_one(c->pid, NULL, 0) == 0)
            more = true;
    }
    pthread_mutex_unlock(&children_lock);
    return more;
}

static void reap_on_signal(void *hub)
{
    struct green_hub *h = hub;

    if (reap_left())
        return;
    green_signal_end(h->reaper);
    h->reaper = NULL;
}

/* Without memory for a watch they are reaped at the next start or leave. */
static void reap_later(struct green_hub *h)
{
    if (!h->reaper)
        h->reaper = green__signal_tell(h, SIGCHLD, reap_on_signal, h);
    if (h->reaper)
        reap_on_signal(h); /* what ended before the watch began */
}

void green__child_leave(struct green_hub *h, struct child *c)
{
    bool over;

    pthread_mutex_lock(&children_lock);
    over = c->over;
    c->left = true;
    pthread_mutex_unlock(&children_lock);
    if (over)
        green__sys.free(c);
    if (reap_left())
        reap_later(h);
}

/* ---- those that somebody asks for ---- */

/* Under the lock, so that no other thread reaps it before it is in the list. */
struct child *green__child_start(const struct spawn_plan *plan)
{
    struct child *c = green__zalloc(sizeof *c);

    if (!c)
        return NULL;
    reap_left();
    pthread_mutex_lock(&children_lock);
    c->pid = green__sys.spawn(plan);
    if (c->pid > 0) {
        c->next = children;
        children = c;
    }
    pthread_mutex_unlock(&children_lock);
    if (c->pid > 0)
        return c;
    green__sys.free(c);
    return NULL;
}

/* Under the lock. */
static bool is_over(struct child *c)
{
    if (!c->over)
        reap_one(c->pid, NULL, 0);
    return c->over;
}

bool green__child_is_over(struct child *c)
{
    bool over;

    pthread_mutex_lock(&children_lock);
    over = is_over(c);
    pthread_mutex_unlock(&children_lock);
    return over;
}

/* A number that was reaped may be another process's by now. */
int green__child_signal(struct child *c, int signo)
{
    int r = -1;

    pthread_mutex_lock(&children_lock);
    if (is_over(c))
        errno = ESRCH;
    else
        r = green__sys.kill(c->pid, signo);
    pthread_mutex_unlock(&children_lock);
    return r;
}

/* ---- waiting ---- */

/* Wait for the descriptor, which is ours: 0, also if it cannot be waited for, or
 * -1 with errno. */
static int await_fd(struct green_hub *h, int fd, pid_t pid, int64_t until)
{
    struct green_waiter w = {.detail = GREEN_READ};
    struct waiting wait = {.waiters = &w,
                           .n = 1,
                           .delay = GREEN_FOREVER,
                           .timeout = green__left(h, until),
                           .reason = WAIT_CHILD,
                           .object = (uintptr_t)pid};
    int r;

    green__fd_born(h, fd, false);
    if (green__fd_enter(h, fd, &w) != 0)
        return 0;
    r = green__wait(h, &wait);
    green__fd_leave(h, &w);
    return r < 0 ? -1 : 0;
}

static int await_end(struct green_hub *h, pid_t pid, int64_t until)
{
    int fd = green__sys.child_fd(pid), r, saved_errno;

    if (fd < 0)
        return 0;
    r = await_fd(h, fd, pid, until);
    saved_errno = errno;
    green_close(fd);
    errno = saved_errno;
    return r;
}

static void wake_waiters(void *waiters)
{
    green__wake_all(waiters, 0);
}

/* Wait for SIGCHLD, or for the pause to pass: 0, or -1 with errno. */
static int await_news(struct green_hub *h, green_waiters_t *news, pid_t pid,
                      int64_t pause, int64_t until)
{
    struct green_waiter w = {.greenlet = h->current};
    struct waiting wait = {.waiters = &w,
                           .n = 1,
                           .delay = pause,
                           .timeout = green__left(h, until),
                           .reason = WAIT_CHILD,
                           .object = (uintptr_t)pid};

    if (wait.timeout <= 0) {
        errno = ETIMEDOUT;
        return -1;
    }
    list_append(news, &w);
    return green__wait(h, &wait) < 0 ? -1 : 0;
}

static pid_t wait_by_signal(struct green_hub *h, pid_t pid, int *status,
                            int options, int64_t until)
{
    green_waiters_t news = {NULL, NULL};
    green_watch_t *w = green__signal_tell(h, SIGCHLD, wake_waiters, &news);
    int64_t pause = SHORTEST_PAUSE;
    int saved_errno;
    pid_t r;

    while ((r = reap(pid, status, options)) == 0) {
        r = await_news(h, &news, pid, pause, until);
        if (r < 0)
            break;
        pause = pause < LONGEST_PAUSE ? pause * 2 : pause;
    }
    saved_errno = errno;
    green_signal_end(w);
    errno = saved_errno;
    return r;
}

/* Is only the end of one child asked for? */
static bool is_for_end(pid_t pid, int options)
{
    return pid > 0 && !(options & ~WNOHANG);
}

pid_t green__child_wait(struct green_hub *h, pid_t pid, int *status,
                        int options, int64_t timeout)
{
    int64_t until;
    pid_t r;

    if (green__refused(h, timeout))
        return -1;
    until = green__until(h, timeout);
    r = reap(pid, status, options);
    if (r == 0 && timeout > 0 && is_for_end(pid, options)) {
        if (await_end(h, pid, until) < 0)
            return -1;
        r = reap(pid, status, options);
    }
    if (r == 0 && timeout > 0)
        r = wait_by_signal(h, pid, status, options, until);
    else if (r > 0 && timeout > 0)
        green__spend(h);
    return r;
}

pid_t green_waitpid(pid_t pid, int *status, int options)
{
    return green__child_wait(green__hub(), pid, status, options,
                             options & WNOHANG ? 0 : GREEN_FOREVER);
}

/* ---- fork ---- */

void green__children_hold(void)
{
    pthread_mutex_lock(&children_lock);
}

void green__children_go_on(void)
{
    pthread_mutex_unlock(&children_lock);
}

void green__children_forked(struct green_hub *h)
{
    while (children)
        note_end(&children, 0, ECHILD);
    green_signal_end(h->reaper);
    h->reaper = NULL;
}

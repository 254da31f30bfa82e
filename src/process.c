/* SPDX-License-Identifier: MIT */
/* process.c - layer 7: other programs as child processes. */
#include <errno.h>
#include <signal.h>
#include "child.h"
#include "converse.h"
#include "launch.h"
#include "misuse.h"
#include "wait.h"

struct green_process {
    struct green_hub *hub;
    struct child *child;
    struct conversation conversation;
    unsigned callers;   /* that wait in a call on it */
    bool is_conversing; /* one of them communicates */
};

static bool is_no_process(const green_process_t *p, const char *call)
{
    if (!p) {
        errno = EINVAL;
        return true;
    }
    if (p->hub != green__current_hub)
        green__misuse(call, "the process belongs to another thread");
    return false;
}

/* ---- its life ---- */

/* NULL with errno. */
static green_process_t *start(struct green_hub *h, const char *const *argv,
                              const green_process_options_t *options)
{
    green_process_t *p = green__zalloc(sizeof *p);
    struct launch launch;

    if (!p || green__launch_open(&launch, h, argv, options) != 0) {
        green__sys.free(p);
        return NULL;
    }
    p->hub = h;
    p->child = green__child_start(&launch.plan);
    if (!p->child) {
        green__launch_abandon(&launch);
        green__sys.free(p);
        return NULL;
    }
    green__conversation_open(&p->conversation, h, launch.ours);
    green__launch_close(&launch);
    return p;
}

green_process_t *green_process_start(const char *const *argv,
                                     const green_process_options_t *options)
{
    static const green_process_options_t inherit;
    struct green_hub *h = green__hub();

    if (!argv || !argv[0]) {
        errno = EINVAL;
        return NULL;
    }
    return h ? start(h, argv, options ? options : &inherit) : NULL;
}

void green_process_free(green_process_t *p)
{
    if (!p)
        return;
    (void)is_no_process(p, "green_process_free");
    if (p->callers > 0)
        green__misuse("green_process_free", "a greenlet waits for the process");
    green__conversation_close(&p->conversation);
    green__child_leave(p->hub, p->child);
    green__sys.free(p);
}

pid_t green_process_pid(const green_process_t *p)
{
    return p ? p->child->pid : -1;
}

int green_process_in(const green_process_t *p)
{
    return p ? green__conversation_fd(&p->conversation, 0) : -1;
}

int green_process_out(const green_process_t *p)
{
    return p ? green__conversation_fd(&p->conversation, 1) : -1;
}

int green_process_err(const green_process_t *p)
{
    return p ? green__conversation_fd(&p->conversation, 2) : -1;
}

/* ---- its end ---- */

/* 0, or -1 with ECHILD if only others were told how it ended. */
static int tell_status(const green_process_t *p, int *status)
{
    if (p->child->error) {
        errno = p->child->error;
        return -1;
    }
    if (status)
        *status = p->child->status;
    return 0;
}

int green_process_wait(green_process_t *p, int *status, int64_t timeout)
{
    pid_t r = 0;

    if (is_no_process(p, "green_process_wait") ||
        green__refused(p->hub, timeout))
        return -1;
    if (green__child_is_over(p->child))
        return tell_status(p, status);
    p->callers++;
    r = green__child_wait(p->hub, p->child->pid, NULL, 0, timeout);
    p->callers--;
    if (r > 0 || (r < 0 && errno == ECHILD))
        return tell_status(p, status);
    if (r == 0)
        errno = ETIMEDOUT;
    return -1;
}

int green_process_signal(green_process_t *p, int signo)
{
    if (is_no_process(p, "green_process_signal"))
        return -1;
    return green__child_signal(p->child, signo);
}

/* ---- all that it says ---- */

/* How it ended does not matter here. */
static int converse_to_the_end(green_process_t *p, int64_t timeout)
{
    int64_t until = green__until(p->hub, timeout);

    if (green__converse(&p->conversation, until) != 0)
        return -1;
    timeout = green__left(p->hub, until);
    if (green_process_wait(p, NULL, timeout) != 0 && errno != ECHILD)
        return -1;
    return 0;
}

/* One at a time: 0, or -1 with errno. */
static int converse_alone(green_process_t *p, int64_t timeout)
{
    int r;

    if (p->is_conversing) {
        errno = EALREADY;
        return -1;
    }
    p->is_conversing = true;
    p->callers++;
    r = converse_to_the_end(p, timeout);
    p->callers--;
    p->is_conversing = false;
    return r;
}

int green_process_communicate(green_process_t *p, const void *input, size_t n,
                              char **out, size_t *out_length, char **err,
                              size_t *err_length, int64_t timeout)
{
    if (is_no_process(p, "green_process_communicate") ||
        green__refused(p->hub, timeout) ||
        green__conversation_begin(&p->conversation, input, n) != 0 ||
        converse_alone(p, timeout) != 0)
        return -1;
    green__conversation_take(&p->conversation, 1, out, out_length);
    green__conversation_take(&p->conversation, 2, err, err_length);
    return 0;
}

/* ---- all at once ---- */

/* The status is asked for first: it is the last thing that can fail. */
static int run_to_the_end(green_process_t *p, char **out, size_t *out_length,
                          int *status, int64_t timeout)
{
    if (green__refused(p->hub, timeout) ||
        green__conversation_begin(&p->conversation, NULL, 0) != 0 ||
        converse_alone(p, timeout) != 0 ||
        green_process_wait(p, status, 0) != 0)
        return -1;
    green__conversation_take(&p->conversation, 1, out, out_length);
    return 0;
}

int green_process_run(const char *const *argv, char **out, size_t *out_length,
                      int *status, int64_t timeout)
{
    const green_process_options_t options = {.in = GREEN_NULL,
                                             .out = out ? GREEN_PIPE : 0};
    green_process_t *p = green_process_start(argv, &options);
    int error = 0;

    if (!p)
        return -1;
    if (run_to_the_end(p, out, out_length, status, timeout) != 0) {
        error = errno;
        (void)!green_process_signal(p, SIGKILL);
    }
    green_process_free(p);
    errno = error ? error : errno;
    return error ? -1 : 0;
}

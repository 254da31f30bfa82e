/* SPDX-License-Identifier: MIT */
/* child.h - let something happen to a child process, and look at what it wrote
 * to standard error and how it ended. */
#ifndef GREEN_TEST_CHILD_H
#define GREEN_TEST_CHILD_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct outcome {
    int status; /* as waitpid tells */
    char text[8192];
};

/* What assert_true is in the test: cmocka's may not be used in a child. */
#define CHECK(condition)                                                \
    do {                                                                \
        if (!(condition)) {                                             \
            fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", __FILE__, \
                    __LINE__, #condition, errno);                       \
            _exit(1);                                                   \
        }                                                               \
    } while (0)

/* Without cmocka's handlers, and no core file is wanted. */
static inline void become_plain(int err)
{
    const int signals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
    const struct rlimit none = {0, 0};
    size_t i;

    for (i = 0; i < sizeof signals / sizeof *signals; i++)
        signal(signals[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &none);
    dup2(err, STDERR_FILENO);
    alarm(60);
}

static inline void listen_to(int fd, char *text, size_t room)
{
    size_t n = 0;
    ssize_t got;

    while ((got = read(fd, text + n, room - n - 1)) > 0)
        n += (size_t)got;
    text[n] = '\0';
}

/* Qemu says a word of its own when a program dies of a signal. */
static inline void drop_qemus_line(char *text)
{
    char *line = strstr(text, "qemu: uncaught target signal");
    const char *end = line ? strchr(line, '\n') : NULL;

    if (end)
        memmove(line, end + 1, strlen(end + 1) + 1);
}

/* The child is over when fn returns.  The outcome is valid until the next. */
static inline const struct outcome *run_in_child(void (*fn)(void))
{
    static struct outcome o;
    int ends[2];
    pid_t child;

    o = (struct outcome){-1, ""};
    fflush(NULL);
    if (pipe(ends) != 0)
        return &o;
    child = fork();
    if (child == 0) {
        become_plain(ends[1]);
        fn();
        _exit(0);
    }
    close(ends[1]);
    listen_to(ends[0], o.text, sizeof o.text);
    drop_qemus_line(o.text);
    close(ends[0]);
    if (child < 0 || waitpid(child, &o.status, 0) != child)
        o.status = -1;
    return &o;
}

static inline bool went_well(const struct outcome *o)
{
    if (o->text[0])
        fprintf(stderr, "%s", o->text);
    return WIFEXITED(o->status) && WEXITSTATUS(o->status) == 0;
}

static inline bool died_of(const struct outcome *o, int signo)
{
    return WIFSIGNALED(o->status) && WTERMSIG(o->status) == signo;
}

#endif

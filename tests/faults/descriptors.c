/* SPDX-License-Identifier: MIT */
/* descriptors.c - scenarios of pipes, sockets, files and streams: no byte is
 * lost, doubled or changed. */
#include "scenario.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Both ends are closed however it goes. */
static void let_flow(int from, int to, size_t n)
{
    struct flow f = {.from = from, .to = to, .n = n};

    if (!team_add(flow_receive, &f))
        went(green_close(from));
    if (!team_add(flow_send, &f))
        went(green_close(to));
    team_end();
    flow_check(&f);
}

static void run_pipe(void)
{
    int fds[2];

    if (went(green_pipe(fds)))
        let_flow(fds[0], fds[1], 70000);
}

/* Descriptors that libgreen did not make, and that would block. */
static void run_foreign(void)
{
    int fds[2];

    must(pipe(fds) == 0);
    let_flow(fds[0], fds[1], 8000);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    let_flow(fds[0], fds[1], 5000);
}

/* Between ends that have little room, so that both wait often. */
static void run_sockets(void)
{
    int fds[2], little = 4096;

    if (!went(green_socketpair(AF_UNIX, SOCK_STREAM, 0, fds)))
        return;
    must(setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &little, sizeof little) ==
         0);
    let_flow(fds[0], fds[1], 20000);
}

/* One end is gone: the other one learns that. */
static const struct scenario pipes = {"pipe", run_pipe, NULL, {EPIPE}, 0};
static const struct scenario foreign = {
    "foreign", run_foreign, NULL, {EPIPE}, 0};
static const struct scenario sockets = {
    "sockets", run_sockets, NULL, {EPIPE, ECONNRESET}, 0};
static const struct scenario polled = {
    "polled", run_sockets, "GREEN_BACKEND=poll", {EPIPE, ECONNRESET}, 0};

static int waited, ready;

static void *wait_readable(void *fd)
{
    if (green_wait_fd(*(int *)fd, GREEN_READ, GREEN_SEC) == GREEN_READ)
        ready++;
    else
        went(-1);
    waited++;
    return NULL;
}

static void *select_readable(void *fd)
{
    green_case_t cases[] = {GREEN_ON_FD(*(int *)fd, GREEN_READ),
                            GREEN_ON_TIMER(GREEN_SEC)};
    int i = green_select(cases, 2, GREEN_FOREVER);

    if (i == 0 && errno == 0)
        ready++;
    else if (i == 0)
        failed_with(errno);
    else
        went(i == 1 ? 0 : i);
    waited++;
    return NULL;
}

static void *poll_readable(void *fd)
{
    struct pollfd p = {.fd = *(int *)fd, .events = POLLIN};

    if (went(green_poll(&p, 1, GREEN_SEC)) && (p.revents & POLLIN))
        ready++;
    else if (p.revents & POLLNVAL)
        failed_with(EBADF);
    waited++;
    return NULL;
}

static int add_waiters(int *fd)
{
    return team_add(wait_readable, fd) + team_add(select_readable, fd) +
           team_add(poll_readable, fd);
}

/* All who wait learn of a byte; all who wait then learn of the close. */
static void run_waiters(void)
{
    int fds[2], n;
    char byte;

    waited = ready = 0;
    if (!went(green_socketpair(AF_UNIX, SOCK_STREAM, 0, fds)))
        return;
    n = add_waiters(&fds[0]);
    went(green_yield());
    must(write(fds[1], "x", 1) == 1);
    team_end();
    must(waited == n && (ready == n || first_error));
    must(read(fds[0], &byte, 1) == 1 && byte == 'x');
    n = add_waiters(&fds[0]);
    went(green_yield());
    waited = ready = 0;
    went(green_close(fds[0]));
    team_end();
    must(waited <= n && ready == 0);
    went(green_close(fds[1]));
    if (first_error == EBADF)
        first_error = 0;
}

static const struct scenario waiters = {
    "waiters", run_waiters, NULL, {ETIMEDOUT, EBADF}, 0};

static void *talk(void *arg)
{
    green_stream_t *s = green_stream_open(*(int *)arg);
    char line[100], rest[1000];
    bool ok = made(s);
    int n = 0;

    while (ok && n < 10) {
        line[0] = '\0';
        ok = went(green_stream_printf(s, "line %d\n", n++)) &&
             went(green_stream_flush(s)) &&
             went(green_stream_read_line(s, line, sizeof line)) &&
             went(green_stream_read_line(s, rest, sizeof rest));
        must(!ok || line[0] == '\0' || strncmp(line, "you: ", 5) == 0);
    }
    green_stream_close(s);
    went(green_close(*(int *)arg));
    return NULL;
}

static void *answer_lines(void *arg)
{
    green_stream_t *s = green_stream_open(*(int *)arg);
    char line[100], expected[100];
    int n = 0;

    while (s && green_stream_read_line(s, line, sizeof line) > 0) {
        snprintf(expected, sizeof expected, "line %d\n", n++);
        must(strcmp(line, expected) == 0);
        if (!went(green_stream_printf(s, "you: %s%600s\n", line, "")) ||
            !went(green_stream_flush(s)))
            break;
        must(green_stream_read(s, line, 0) == 0 || went(-1));
    }
    made(s);
    green_stream_close(s);
    went(green_close(*(int *)arg));
    return NULL;
}

static void run_stream(void)
{
    int fds[2];

    if (!went(green_socketpair(AF_UNIX, SOCK_STREAM, 0, fds)))
        return;
    if (!team_add(talk, &fds[0]))
        went(green_close(fds[0]));
    if (!team_add(answer_lines, &fds[1]))
        went(green_close(fds[1]));
    team_end();
}

static const struct scenario streams = {
    "stream", run_stream, NULL, {EPIPE, ECONNRESET, EMSGSIZE}, 0};

/* A file is as long as what was written, and what is read is what was. */
static void *use_file(void *arg)
{
    int fd = *(int *)arg;
    char out[5000], in[5000] = "";
    ssize_t n;

    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (char)flow_byte(i);
    if (went(n = green_pwrite(fd, out, sizeof out, 100)) &&
        went(n = green_pread(fd, in, sizeof in, 100)))
        must(memcmp(in, out, (size_t)n) == 0);
    if (went(n = green_write_all(fd, out, sizeof out)))
        must(lseek(fd, 0, SEEK_CUR) == n);
    must(lseek(fd, 0, SEEK_SET) == 0);
    if (went(n = green_read_all(fd, in, sizeof in)))
        must(first_error ||
             (n == sizeof in && memcmp(in, out, sizeof in) == 0));
    return NULL;
}

static void run_file(void)
{
    char name[] = "/tmp/green-faults-XXXXXX";
    int fd = mkstemp(name);

    must(fd >= 0 && unlink(name) == 0);
    team_add(use_file, &fd);
    team_end();
    went(green_close(fd));
}

static const struct scenario files = {"file", run_file, NULL, {0}, 16};
/* Where there is no ring there are workers, which stay. */
static const struct scenario ring_files = {
    "file.uring", run_file, "GREEN_FILES=uring", {0}, .spare = 16};
static const struct scenario plain_files = {
    "file.plain", run_file, "GREEN_FILES=plain", {0}, 0};

const struct scenario *const scenarios_of_descriptors[] = {
    &pipes,   &foreign, &sockets,    &polled,      &waiters,
    &streams, &files,   &ring_files, &plain_files, NULL};

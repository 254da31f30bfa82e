/* SPDX-License-Identifier: MIT */
/* 21 - Streams: a protocol of lines.
 *
 * A descriptor gives and takes bytes, in whatever pieces the network makes of
 * them.  A stream puts buffers around it: read_line waits for a whole line,
 * printf collects text until it is flushed.  Flush before you wait for an
 * answer. */
#include <errno.h>
#include <green.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Answers each line with the sum in it. */
static void *add(void *fd)
{
    green_stream_t *s = green_stream_open(*(int *)fd);
    char line[16];
    ssize_t n;
    int a, b;

    while (s && (n = green_stream_read_line(s, line, sizeof line)) != 0) {
        if (n < 0 && errno != EMSGSIZE)
            break;
        if (n < 0)
            green_stream_printf(s, "too long: %s...\n", line);
        else if (sscanf(line, "%d + %d", &a, &b) == 2)
            green_stream_printf(s, "%d + %d = %d\n", a, b, a + b);
        else
            green_stream_printf(s, "no sum: %s", line);
        if (green_stream_flush(s) != 0)
            break;
    }
    green_stream_close(s);
    green_shutdown(*(int *)fd, SHUT_WR);
    return NULL;
}

/* Not quite in the lines that are meant. */
static void *ask(void *fd)
{
    const char *pieces[] = {"1 + ", "2\n3 +", " 4\nhello\n",
                            "100000 + 200000 + 300000\n", "5 + 6"};

    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        if (green_write_all(*(int *)fd, pieces[i], strlen(pieces[i])) < 0)
            perror("green_write_all");
        green_yield();
    }
    green_shutdown(*(int *)fd, SHUT_WR);
    return NULL;
}

int main(void)
{
    green_stream_t *answers;
    char line[64];
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 ||
        green_go(add, &fds[0]) != 0 || green_go(ask, &fds[1]) != 0 ||
        !(answers = green_stream_open(fds[1]))) {
        perror("21_stream");
        return 1;
    }
    while (green_stream_read_line(answers, line, sizeof line) > 0)
        fputs(line, stdout);
    green_stream_close(answers);
    green_close(fds[1]);
    green_close(fds[0]);
    return 0;
}

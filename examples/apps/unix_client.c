/* SPDX-License-Identifier: MIT */
/* unix_client - print files that unix_server opens for us.
 *
 *     $ unix_client /tmp/files.socket notes.txt more.txt
 *
 * A descriptor comes beside the bytes of a message, as control data. */
#include <errno.h>
#include <getopt.h>
#include <green.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char usage[] =
    "usage: unix_client [options] SOCKET FILE...\n"
    "  -t, --timeout SECONDS  for all of it (default 10)\n"
    "  -h, --help             show this\n";

/* The open file, or -1. */
static int receive(int server)
{
    unsigned char error;
    struct iovec text = {&error, 1};
    union {
        struct cmsghdr head; /* for its alignment */
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &text,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    struct cmsghdr *c;
    ssize_t n = green_recvmsg(server, &message, MSG_CMSG_CLOEXEC);
    int fd;

    if (n <= 0 || error) {
        errno = n > 0 ? error : n == 0 ? ECONNRESET : errno;
        return -1;
    }
    c = CMSG_FIRSTHDR(&message);
    if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
        c->cmsg_len != CMSG_LEN(sizeof fd)) {
        errno = EPROTO;
        return -1;
    }
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

static int print(int fd)
{
    char buffer[16384];
    ssize_t n;

    while ((n = green_read(fd, buffer, sizeof buffer)) > 0)
        if (green_write_all(STDOUT_FILENO, buffer, (size_t)n) < 0)
            return -1;
    return n == 0 ? 0 : -1;
}

static int ask(int server, const char *name)
{
    char line[256];
    int fd, result;

    if (strlen(name) > sizeof line - 2 || strchr(name, '\n')) {
        errno = EINVAL;
        return -1;
    }
    snprintf(line, sizeof line, "%s\n", name);
    if (green_write_all(server, line, strlen(line)) < 0)
        return -1;
    fd = receive(server);
    if (fd < 0)
        return -1;
    result = print(fd);
    green_close(fd);
    return result;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"timeout", 1, NULL, 't'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    double seconds = 10;
    char address[200] = "", *end = address;
    int option, server, failed = 0;
    green_scope_t all;

    while ((option = getopt_long(argc, argv, "t:h", options, NULL)) >= 0)
        if (option == 't') {
            seconds = strtod(optarg, &end);
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    if (argc - optind < 2 || *end || !(seconds > 0 && seconds < 1e6)) {
        fputs(usage, stderr);
        return 2;
    }
    snprintf(address, sizeof address, "unix:%s", argv[optind]);
    green_timeout_begin(&all, (int64_t)(seconds * (double)GREEN_SEC));
    server = green_dial(address, GREEN_FOREVER);
    if (server < 0) {
        fprintf(stderr, "unix_client: %s: %s\n", argv[optind], strerror(errno));
        return 1;
    }
    while (++optind < argc)
        if (ask(server, argv[optind]) != 0) {
            fprintf(stderr, "unix_client: %s: %s\n", argv[optind],
                    strerror(errno));
            failed = 1;
        }
    green_scope_end(&all);
    green_close(server);
    return failed;
}

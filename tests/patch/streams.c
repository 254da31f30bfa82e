/* SPDX-License-Identifier: MIT */
/* streams.c - of conform.c: writes that fill a buffer, descriptors that are
 * duplicated and passed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>
#include "conform.h"

enum { MUCH = 4 << 20 };

static void large_writes(int type, const char *what)
{
    char *bytes = calloc(1, MUCH);
    struct iovec iov[3] = {{bytes, 1000}, {bytes, MUCH - 3000}, {bytes, 2000}};
    int fds[2];

    printf("%s:\n", what);
    if (type != 0)
        make_pair(type, fds);
    else if (pipe(fds) != 0)
        abort();
    soon(READ_ALL, fds[0]);
    tell("a large write", write(fds[1], bytes, MUCH));
    done_soon();
    soon(READ_ALL, fds[0]);
    tell("a large writev", writev(fds[1], iov, 3));
    done_soon();
    if (type != 0) {
        soon(READ_ALL, fds[0]);
        tell("a large send", send(fds[1], bytes, MUCH, 0));
        done_soon();
    }
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    printf("a large write, O_NONBLOCK, is short: %d\n",
           write(fds[1], bytes, MUCH) < MUCH);
    tell("and then", write(fds[1], bytes, MUCH));
    fcntl(fds[1], F_SETFL, 0);
    close_pair(fds);
    free(bytes);
}

static void send_timeout(void)
{
    struct timeval t = {0, 50000};
    char *bytes = calloc(1, MUCH);
    int64_t begun;
    int fds[2];

    make_pair(SOCK_STREAM, fds);
    setsockopt(fds[1], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
    begun = begin_watch();
    printf("a send with a timeout is short: %d\n",
           send(fds[1], bytes, MUCH, 0) < MUCH);
    tell_waited("send, timeout", begun, 49);
    tell("and then", send(fds[1], bytes, 1, 0));
    close_pair(fds);
    free(bytes);
}

static void duplicates(void)
{
    char byte;
    int fds[2], copy;

    make_pair(SOCK_STREAM, fds);
    copy = dup(fds[0]);
    soon(WRITE_BYTE, fds[1]);
    tell("read waits on a duplicate", read(copy, &byte, 1));
    done_soon();
    fcntl(copy, F_SETFL, O_NONBLOCK);
    tell("O_NONBLOCK is the description's", read(fds[0], &byte, 1));
    fcntl(copy, F_SETFL, 0);
    close(copy);
    copy = fcntl(fds[0], F_DUPFD_CLOEXEC, 100);
    tell("F_DUPFD_CLOEXEC", copy >= 100);
    soon(WRITE_BYTE, fds[1]);
    tell("read waits on that", read(copy, &byte, 1));
    done_soon();
    tell("dup2", dup2(fds[1], copy) == copy);
    tell("write to what is now the other", write(copy, "x", 1));
    tell("read", read(fds[0], &byte, 1));
    close(copy);
    close_pair(fds);
    tell("fcntl, bad descriptor", fcntl(-1, F_GETFL));
}

static void send_descriptor(int over, int fd)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    char byte = 'x';
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.room,
                       .msg_controllen = sizeof control.room};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    tell("send a descriptor", sendmsg(over, &m, 0));
}

static int receive_descriptor(int over)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.room,
                       .msg_controllen = sizeof control.room};
    int fd = -1;

    tell("receive a descriptor", recvmsg(over, &m, 0));
    if (CMSG_FIRSTHDR(&m))
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
    return fd;
}

static void passed_descriptors(void)
{
    int over[2], fds[2], passed;
    char byte;

    make_pair(SOCK_STREAM, over);
    make_pair(SOCK_STREAM, fds);
    send_descriptor(over[0], fds[0]);
    passed = receive_descriptor(over[1]);
    tell_flags("it", passed);
    soon(WRITE_BYTE, fds[1]);
    tell("read waits on it", read(passed, &byte, 1));
    done_soon();
    close(passed);
    close_pair(over);
    close_pair(fds);
}

/* stdio closes and opens numbers where no hook sees it. */
static void reused_numbers(void)
{
    char byte;
    int fds[2];
    FILE *f;

    for (int i = 0; i < 3; i++) {
        make_pair(SOCK_STREAM, fds);
        soon(WRITE_BYTE, fds[1]);
        tell("read", read(fds[0], &byte, 1));
        done_soon();
        f = fdopen(fds[0], "r+");
        fclose(f);
        close(fds[1]);
        if (pipe(fds) != 0)
            abort();
        soon(WRITE_BYTE, fds[1]);
        tell("read of a pipe with its number", read(fds[0], &byte, 1));
        done_soon();
        close_pair(fds);
    }
}

void streams(void)
{
    large_writes(SOCK_STREAM, "a stream");
    large_writes(0, "a pipe");
    send_timeout();
    duplicates();
    passed_descriptors();
    reused_numbers();
}

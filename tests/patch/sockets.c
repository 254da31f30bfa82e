/* SPDX-License-Identifier: MIT */
/* sockets.c - of conform.c: accept, connect, recv, send. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include "conform.h"

static int listen_on_loopback(struct sockaddr_in *a)
{
    socklen_t length = sizeof *a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(a, 0, sizeof *a);
    a->sin_family = AF_INET;
    a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(fd, (struct sockaddr *)a, sizeof *a);
    listen(fd, 5);
    getsockname(fd, (struct sockaddr *)a, &length);
    return fd;
}

static void set_timeout(int fd, int option, int milliseconds)
{
    struct timeval t = {0, milliseconds * 1000}, back = {9, 9};
    socklen_t length = sizeof back;

    tell("set a timeout", setsockopt(fd, SOL_SOCKET, option, &t, sizeof t));
    getsockopt(fd, SOL_SOCKET, option, &back, &length);
    printf("it reads as %ld s %ld us\n", (long)back.tv_sec,
           (long)(back.tv_usec / 10000 * 10000));
}

static void accepting(int listener)
{
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    int fd, delay = 9;

    soon(CONNECT_TO, listener);
    fd = accept(listener, (struct sockaddr *)&from, &length);
    tell("accept waits", fd >= 0);
    printf("from the loopback: %d\n",
           from.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    tell_flags("what accept made", fd);
    tell_flags("the listener", listener);
    length = sizeof delay;
    getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &delay, &length);
    printf("TCP_NODELAY: %d\n", delay);
    done_soon();
    close(fd);
}

static void connections(void)
{
    struct sockaddr_in a;
    int listener = listen_on_loopback(&a), fd, one = 1;

    accepting(listener);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    tell("connect", connect(fd, (struct sockaddr *)&a, sizeof a));
    tell_flags("after connect", fd);
    tell("connect again", connect(fd, (struct sockaddr *)&a, sizeof a));
    close(fd);
    fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    tell_flags("what accept4 made with SOCK_NONBLOCK", fd);
    close(fd);
    ioctl(listener, FIONBIO, &one);
    tell("accept, FIONBIO, nobody there", accept(listener, NULL, NULL));
    one = 0;
    ioctl(listener, FIONBIO, &one);
    set_timeout(listener, SO_RCVTIMEO, 50);
    tell("accept, timeout", accept(listener, NULL, NULL));
    close(listener);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    tell("connect, refused", connect(fd, (struct sockaddr *)&a, sizeof a));
    close(fd);
    tell("accept, not listening", accept(0, NULL, NULL));
    tell("accept, bad descriptor", accept(-1, NULL, NULL));
    tell("connect, bad descriptor",
         connect(-1, (struct sockaddr *)&a, sizeof a));
}

static void unix_connections(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(a.sun_path, "/nonexistent/socket");
    tell("connect, no such path", connect(fd, (struct sockaddr *)&a, sizeof a));
    close(fd);
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    tell("connect, wrong family", connect(fd, (struct sockaddr *)&a, 2));
    close(fd);
}

static void receiving(void)
{
    char bytes[8];
    int fds[2];
    int64_t begun;

    make_pair(SOCK_STREAM, fds);
    soon(WRITE_BYTE, fds[1]);
    tell("recv waits", recv(fds[0], bytes, sizeof bytes, 0));
    done_soon();
    tell("recv, MSG_DONTWAIT", recv(fds[0], bytes, 8, MSG_DONTWAIT));
    soon(WRITE_BYTE, fds[1]);
    tell("recv, MSG_PEEK waits", recv(fds[0], bytes, 8, MSG_PEEK));
    done_soon();
    tell("and again", recv(fds[0], bytes, 8, 0));
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    tell("recv, O_NONBLOCK", recv(fds[0], bytes, 8, 0));
    tell("read, O_NONBLOCK", read(fds[0], bytes, 8));
    fcntl(fds[0], F_SETFL, 0);
    set_timeout(fds[0], SO_RCVTIMEO, 50);
    begun = begin_watch();
    tell("recv, timeout", recv(fds[0], bytes, 8, 0));
    tell_waited("recv, timeout", begun, 49);
    begun = begin_watch();
    tell("read, timeout", read(fds[0], bytes, 8));
    tell_waited("read, timeout", begun, 49);
    tell("recv, n is 0, MSG_DONTWAIT", recv(fds[0], bytes, 0, MSG_DONTWAIT));
    shutdown(fds[1], SHUT_WR);
    tell("recv at the end", recv(fds[0], bytes, 8, 0));
    close(fds[1]);
    tell("send to nobody", send(fds[0], "x", 1, MSG_NOSIGNAL));
    close(fds[0]);
    tell("recv, closed", recv(fds[0], bytes, 8, 0));
    tell("recv, bad buffer", recv(-1, NULL, 8, 0));
}

static void waiting_for_all(void)
{
    char bytes[3];
    int fds[2];

    make_pair(SOCK_STREAM, fds);
    (void)!write(fds[1], "a", 1);
    soon(WRITE_BYTE, fds[1]);
    soon(WRITE_BYTE, fds[1]);
    tell("recv, MSG_WAITALL", recv(fds[0], bytes, 3, MSG_WAITALL));
    done_soon();
    (void)!write(fds[1], "ab", 2);
    close(fds[1]);
    tell("recv, MSG_WAITALL, too few", recv(fds[0], bytes, 3, MSG_WAITALL));
    close(fds[0]);
}

static void datagrams(void)
{
    char bytes[4], more[4];
    struct iovec iov[2] = {{bytes, 4}, {more, 4}};
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
    int fds[2];

    make_pair(SOCK_DGRAM, fds);
    soon(WRITE_BYTE, fds[1]);
    tell("recvfrom waits", recvfrom(fds[0], bytes, 4, 0, NULL, NULL));
    done_soon();
    tell("sendto", sendto(fds[1], "hello, you", 10, 0, NULL, 0));
    tell("recvmsg cuts off", recvmsg(fds[0], &m, 0));
    printf("MSG_TRUNC: %d\n", (m.msg_flags & MSG_TRUNC) != 0);
    tell("send nothing", send(fds[1], "", 0, 0));
    tell("read nothing", read(fds[0], bytes, 4));
    tell("send nothing", send(fds[1], "", 0, 0));
    (void)!write(fds[1], "y", 1);
    tell("recv, n is 0", recv(fds[0], bytes, 0, 0));
    tell("the next", recv(fds[0], bytes, 4, 0));
    close_pair(fds);
}

static void several_messages(void)
{
    char bytes[3][8];
    struct iovec iov[3];
    struct mmsghdr m[3];
    struct timespec t = {0, 20000000};
    int fds[2];

    memset(m, 0, sizeof m);
    for (int i = 0; i < 3; i++) {
        iov[i] = (struct iovec){bytes[i], 8};
        m[i].msg_hdr.msg_iov = &iov[i];
        m[i].msg_hdr.msg_iovlen = 1;
    }
    make_pair(SOCK_DGRAM, fds);
    tell("sendmmsg", sendmmsg(fds[1], m, 3, 0));
    tell("recvmmsg", recvmmsg(fds[0], m, 3, 0, NULL));
    soon(WRITE_BYTE, fds[1]);
    tell("recvmmsg, MSG_WAITFORONE",
         recvmmsg(fds[0], m, 3, MSG_WAITFORONE, NULL));
    done_soon();
    soon(WRITE_BYTE, fds[1]);
    tell("recvmmsg, its own timeout", recvmmsg(fds[0], m, 3, 0, &t));
    done_soon();
    close_pair(fds);
}

void sockets(void)
{
    connections();
    unix_connections();
    receiving();
    waiting_for_all();
    datagrams();
    several_messages();
}

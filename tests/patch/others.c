/* SPDX-License-Identifier: MIT */
/* others.c - of conform.c: pipes and files, poll and select, time, processes. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "conform.h"

static void a_file(void)
{
    char name[] = "/tmp/green_conform_XXXXXX", text[16] = "";
    int fd = mkstemp(name);
    struct iovec iov[2] = {{text, 2}, {text + 2, 8}};

    unlink(name);
    tell("write to a file", write(fd, "hello", 5));
    tell("where it stands", lseek(fd, 0, SEEK_CUR));
    lseek(fd, 1, SEEK_SET);
    tell("readv", readv(fd, iov, 2));
    printf("%s\n", text);
    tell("read at the end", read(fd, text, 4));
    fcntl(fd, F_SETFL, O_APPEND);
    lseek(fd, 0, SEEK_SET);
    tell("write, O_APPEND", write(fd, "abc", 3));
    tell("its length", lseek(fd, 0, SEEK_END));
    close(fd);
    fd = open("/tmp", O_RDONLY);
    tell("read a directory", read(fd, text, 4));
    close(fd);
    fd = open("/dev/zero", O_RDONLY);
    tell("read /dev/zero", read(fd, text, 4));
    close(fd);
    fd = open("/dev/null", O_RDWR);
    tell("write to /dev/null", write(fd, text, 4));
    tell("read /dev/null", read(fd, text, 4));
    close(fd);
}

static void *volatile nowhere = (void *)1;

void pipes(void)
{
    uint64_t number = 0;
    char byte;
    int fds[2];

    a_file();
    tell("pipe", pipe(fds));
    soon(WRITE_BYTE, fds[1]);
    tell("read waits", read(fds[0], &byte, 1));
    done_soon();
    tell("read, n is 0", read(fds[0], &byte, 0));
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    tell("read, O_NONBLOCK", read(fds[0], &byte, 1));
    fcntl(fds[0], F_SETFL, 0);
    soon(CLOSE_IT, fds[1]);
    tell("read until the end", read(fds[0], &byte, 1));
    done_soon();
    close(fds[0]);
    tell("read, closed", read(fds[0], &byte, 1));
    fds[0] = open("/dev/zero", O_RDONLY);
    tell("read, bad buffer", read(fds[0], nowhere, 8));
    close(fds[0]);
    signal(SIGPIPE, SIG_IGN);
    tell("pipe", pipe(fds));
    close(fds[0]);
    tell("write to nobody", write(fds[1], "x", 1));
    close(fds[1]);
    fds[0] = eventfd(0, 0);
    number = 7;
    tell("write to an eventfd", write(fds[0], &number, 8));
    tell("read it", read(fds[0], &number, 8));
    printf("%d\n", (int)number);
    tell("write too little", write(fds[0], &number, 4));
    close(fds[0]);
}

static void selects(void)
{
    struct timeval t = {0, 50000};
    fd_set in, out;
    int fds[2];

    make_pair(SOCK_STREAM, fds);
    FD_ZERO(&in);
    FD_SET(fds[0], &in);
    tell("select, timeout", select(fds[0] + 1, &in, NULL, NULL, &t));
    printf("in the set: %d, left: %ld\n", FD_ISSET(fds[0], &in) != 0,
           (long)t.tv_usec);
    FD_SET(fds[0], &in);
    soon(WRITE_BYTE, fds[1]);
    tell("select waits", select(fds[0] + 1, &in, NULL, NULL, NULL));
    done_soon();
    FD_ZERO(&out);
    FD_SET(fds[0], &out);
    t = (struct timeval){0, 0};
    tell("select, both ways", select(fds[0] + 1, &in, &out, NULL, &t));
    t = (struct timeval){0, 30000};
    tell("select as a sleep", select(0, NULL, NULL, NULL, &t));
    tell("select, negative", select(-1, NULL, NULL, NULL, &t));
    t = (struct timeval){-1, 0};
    tell("select, negative time", select(0, NULL, NULL, NULL, &t));
    close_pair(fds);
    t = (struct timeval){1, 0};
    tell("select, closed", select(fds[0] + 1, &in, NULL, NULL, &t));
}

static void many_selected(void)
{
    static unsigned long words[4096 / sizeof(long)];
    struct rlimit limit;
    int fds[2], high;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    make_pair(SOCK_STREAM, fds);
    high = fcntl(fds[0], F_DUPFD, 3000);
    if (high < 0)
        abort();
    words[(size_t)high / (8 * sizeof(long))] |=
        1UL << ((size_t)high % (8 * sizeof(long)));
    soon(WRITE_BYTE, fds[1]);
    tell("select beyond FD_SETSIZE",
         select(high + 1, (fd_set *)(void *)words, NULL, NULL, NULL));
    done_soon();
    close(high);
    close_pair(fds);
}

static void epolls(void)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLONESHOT,
                            .data.u64 = 0x1122334455667788},
                       told;
    int fds[2], ep = epoll_create1(0);

    make_pair(SOCK_STREAM, fds);
    epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e);
    tell("epoll_wait, 0", epoll_wait(ep, &told, 1, 0));
    tell("epoll_wait, timeout", epoll_wait(ep, &told, 1, 50));
    soon(WRITE_BYTE, fds[1]);
    tell("epoll_wait waits", epoll_wait(ep, &told, 1, -1));
    done_soon();
    printf("its data: %d\n", told.data.u64 == e.data.u64);
    tell("epoll_wait, one shot", epoll_wait(ep, &told, 1, 20));
    tell("epoll_wait, no room", epoll_wait(ep, &told, 0, -1));
    tell("epoll_wait, no epoll", epoll_wait(fds[0], &told, 1, -1));
    close(ep);
    close_pair(fds);
}

void polls(void)
{
    struct pollfd p[3];
    struct timespec t = {0, 50000000}, odd = {0, -1};
    int64_t begun = begin_watch();
    int fds[2];

    make_pair(SOCK_STREAM, fds);
    p[0] = (struct pollfd){fds[0], POLLIN, 0};
    p[1] = (struct pollfd){-1, POLLIN, 9};
    p[2] = p[0];
    tell("poll, timeout", poll(p, 3, 50));
    tell_waited("poll", begun, 49);
    soon(WRITE_BYTE, fds[1]);
    tell("poll waits", poll(p, 3, -1));
    printf("%d %d %d\n", p[0].revents, p[1].revents, p[2].revents);
    done_soon();
    p[1].fd = 1000;
    tell("poll, closed", poll(p + 1, 1, -1));
    printf("POLLNVAL: %d\n", p[1].revents == POLLNVAL);
    tell("ppoll, timeout", ppoll(p + 1, 0, &t, NULL));
    tell("ppoll, odd timeout", ppoll(p, 1, &odd, NULL));
    tell("poll, nothing, 0", poll(NULL, 0, 0));
    tell("poll, nothing, 20", poll(NULL, 0, 20));
    soon(CLOSE_IT, fds[1]);
    p[0].events = POLLRDHUP;
    tell("poll, hang-up", poll(p, 1, -1));
    printf("POLLHUP: %d\n", (p[0].revents & POLLHUP) != 0);
    done_soon();
    close(fds[0]);
    selects();
    many_selected();
    epolls();
}

void times(void)
{
    struct timespec t = {0, 30000000}, bad = {0, 1000000000}, left = {7, 7};
    int64_t begun = begin_watch();

    errno = 77;
    tell("usleep", usleep(20000));
    tell("nanosleep", nanosleep(&t, NULL));
    tell("clock_nanosleep", clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL));
    tell_waited("three sleeps", begun, 79);
    tell("nanosleep, bad time", nanosleep(&bad, &left));
    tell("clock_nanosleep, bad time",
         clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, &left));
    printf("left alone: %ld\n", (long)left.tv_sec);
    clock_gettime(CLOCK_REALTIME, &t);
    tell("clock_nanosleep until now",
         clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL));
    errno = 77;
    usleep(1000);
    printf("errno is left alone: %d\n", errno);
    tell("sleep", (long)sleep(0));
}

/* long: one answer a line */
void processes(void)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *found = NULL;
    char host[40] = "", service[8] = "";
    struct hostent *entry;
    struct rusage usage;
    int status = 0, gate[2];
    char byte;
    pid_t pid;

    if (pipe(gate) != 0)
        abort();
    pid = fork();
    if (pid == 0) {
        (void)!read(gate[0], &byte, 1);
        usleep(20000);
        _exit(7);
    }
    tell("waitpid, WNOHANG", waitpid(pid, &status, WNOHANG));
    (void)!write(gate[1], "x", 1);
    close_pair(gate);
    tell("waitpid", waitpid(pid, &status, 0) == pid);
    printf("exit status: %d\n", WEXITSTATUS(status));
    tell("waitpid again", waitpid(pid, &status, 0));
    pid = fork();
    if (pid == 0)
        execlp("sleep", "sleep", "0.05", (char *)NULL);
    tell("wait4", wait4(-1, &status, 0, &usage) == pid);
    tell("system", system("exit 3") / 256);
    tell("wait, no child", wait(&status));
    tell("getaddrinfo", getaddrinfo("127.0.0.1", "80", &hints, &found));
    printf("getnameinfo: %d",
           getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host,
                       service, sizeof service,
                       NI_NUMERICHOST | NI_NUMERICSERV));
    printf(" %s %s\n", host, service);
    freeaddrinfo(found);
    entry = gethostbyname("127.0.0.1");
    printf("gethostbyname: %d\n", entry ? entry->h_length : -1);
    printf("getaddrinfo, no such host: %d\n",
           getaddrinfo("no.such.host.invalid", NULL, &hints, &found));
}

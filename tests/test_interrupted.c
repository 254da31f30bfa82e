/* SPDX-License-Identifier: MIT */
/* test_interrupted.c - each system call in turn is interrupted, or does less
 * than it was asked to: the calls of the library do not let it show. */
#include "support.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "sys.h"

static struct sys real;
static int left; /* calls up to the one that is interrupted */
static bool fired;

static bool interrupted(void)
{
    if (left == 0 || --left > 0)
        return false;
    fired = true;
    errno = EINTR;
    return true;
}

/* Every short_every-th transfer moves one byte only; 0: none. */
static int short_every;

static size_t shortened(size_t n)
{
    static int count;

    return n > 1 && short_every > 0 && ++count % short_every == 0 ? 1 : n;
}

static ssize_t test_readv(int fd, const struct iovec *iov, int n)
{
    return interrupted() ? -1 : real.readv(fd, iov, n);
}

static ssize_t test_writev(int fd, const struct iovec *iov, int n)
{
    return interrupted() ? -1 : real.writev(fd, iov, n);
}

static ssize_t test_readv_nowait(int fd, const struct iovec *iov, int n)
{
    return interrupted() ? -1 : real.readv_nowait(fd, iov, n);
}

static ssize_t test_writev_nowait(int fd, const struct iovec *iov, int n)
{
    struct iovec one = {iov->iov_base, n == 1 ? shortened(iov->iov_len) : 0};

    if (interrupted())
        return -1;
    return real.writev_nowait(fd, n == 1 ? &one : iov, n);
}

static ssize_t test_recvmsg(int fd, struct msghdr *message, int flags)
{
    return interrupted() ? -1 : real.recvmsg(fd, message, flags);
}

static ssize_t test_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return interrupted() ? -1 : real.sendmsg(fd, message, flags);
}

static ssize_t test_recvfrom(int fd, void *buffer, size_t n, int flags,
                             struct sockaddr *address, socklen_t *length)
{
    if (interrupted())
        return -1;
    return real.recvfrom(fd, buffer, shortened(n), flags, address, length);
}

static ssize_t test_sendto(int fd, const void *buffer, size_t n, int flags,
                           const struct sockaddr *address, socklen_t length)
{
    if (interrupted())
        return -1;
    return real.sendto(fd, buffer, shortened(n), flags, address, length);
}

static int test_poll(struct pollfd *fds, nfds_t n, int64_t timeout)
{
    return interrupted() ? -1 : real.poll(fds, n, timeout);
}

static int test_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return interrupted() ? -1 : real.accept(fd, address, length);
}

static int test_epoll_wait(int epfd, struct epoll_event *events, int n,
                           int64_t timeout)
{
    return interrupted() ? -1 : real.epoll_wait(epfd, events, n, timeout);
}

static int test_kevent(int kq, const struct kevent *changes, int n_changes,
                       struct kevent *events, int n_events, int64_t timeout)
{
    if (n_changes == 0 && interrupted()) /* changes do not wait */
        return -1;
    return real.kevent(kq, changes, n_changes, events, n_events, timeout);
}

static int take_calls(void **state)
{
    (void)state;
    real = green__sys;
    green__sys.readv = test_readv;
    green__sys.writev = test_writev;
    green__sys.readv_nowait = test_readv_nowait;
    green__sys.writev_nowait = test_writev_nowait;
    green__sys.recvmsg = test_recvmsg;
    green__sys.sendmsg = test_sendmsg;
    green__sys.recvfrom = test_recvfrom;
    green__sys.sendto = test_sendto;
    green__sys.poll = test_poll;
    green__sys.accept = test_accept;
    green__sys.epoll_wait = test_epoll_wait;
    green__sys.kevent = test_kevent;
    return 0;
}

/* Interrupt the nth call, for each n that the operation gets to. */
static void sweep(void (*operation)(void))
{
    int n = 0;

    do {
        fired = false;
        left = ++n;
        operation();
        left = 0;
    } while (fired && n < 1000);
    check(n > 1 && n < 1000);
}

/* ---- operations ---- */

enum { SIZE = 300000 };
static char out_bytes[SIZE], in_bytes[SIZE];

static void *write_bytes(void *fd)
{
    check_equal(green_write_all(*(int *)fd, out_bytes, SIZE), SIZE);
    return NULL;
}

static void transfer(int fds[2])
{
    green_t *g;

    for (size_t i = 0; i < SIZE; i++)
        out_bytes[i] = (char)(i * 2654435761u >> 13);
    memset(in_bytes, 0, SIZE);
    g = spawn(write_bytes, &fds[1]);
    check_equal(green_read_all(fds[0], in_bytes, SIZE), SIZE);
    finish(g);
    check(memcmp(in_bytes, out_bytes, SIZE) == 0);
    close_both(fds);
}

static void transfer_by_pipe(void)
{
    int fds[2];

    make_pipe(fds);
    transfer(fds);
}

static void transfer_by_socket(void)
{
    int fds[2];

    make_pair(fds);
    transfer(fds);
}

static void *answer_message(void *fd)
{
    char byte;
    struct iovec iov = {&byte, 1};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

    check_equal(green_recvmsg(*(int *)fd, &message, 0), 1);
    check_equal(green_sendmsg(*(int *)fd, &message, 0), 1);
    return NULL;
}

static void exchange_messages(void)
{
    int fds[2];
    char byte = 'm';
    struct pollfd entry;
    green_t *g;

    make_pair(fds);
    g = spawn(answer_message, &fds[0]);
    entry = (struct pollfd){fds[1], POLLIN, 0};
    check_equal(green_send(fds[1], &byte, 1, 0), 1);
    check_equal(green_poll(&entry, 1, GREEN_FOREVER), 1);
    check_equal(green_wait_fd(fds[1], GREEN_READ, GREEN_FOREVER), GREEN_READ);
    check_equal(green_recv(fds[1], &byte, 1, 0), 1);
    check_equal(byte, 'm');
    finish(g);
    close_both(fds);
}

static void *accept_one(void *listener)
{
    int fd = green_accept(*(int *)listener, NULL, NULL);

    check(fd >= 0);
    check_equal(green_close(fd), 0);
    return NULL;
}

static void connect_one(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    green_t *g;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    check_equal(listen(listener, 1), 0);
    check_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    g = spawn(accept_one, &listener);
    settle();
    check_equal(green_connect(fd, (struct sockaddr *)&address, length), 0);
    finish(g);
    check_equal(green_close(fd), 0);
    check_equal(green_close(listener), 0);
}

static void sleep_a_little(void)
{
    int64_t start = green_now();

    check_equal(green_sleep(GREEN_MS), 0);
    check(green_now() - start >= GREEN_MS);
}

/* ---- */

static void an_interrupted_call_is_made_again(void **state)
{
    (void)state;
    sweep(transfer_by_pipe);
    sweep(transfer_by_socket);
    sweep(exchange_messages);
    sweep(connect_one);
    sweep(sleep_a_little);
}

static void a_transfer_in_bits_arrives_whole(void **state)
{
    (void)state;
    for (short_every = 2; short_every < 7; short_every++) {
        transfer_by_pipe();
        transfer_by_socket();
    }
    short_every = 0;
}

static void do_nothing(int signo)
{
    (void)signo;
}

static atomic_bool over;

static void *send_signals(void *thread)
{
    while (!atomic_load(&over)) {
        pthread_kill(*(pthread_t *)thread, SIGUSR1);
        usleep(100);
    }
    return NULL;
}

/* Real signals, which interrupt for want of SA_RESTART. */
static void signals_do_not_show(void **state)
{
    struct sigaction action = {.sa_handler = do_nothing};
    pthread_t self = pthread_self(), sender;

    (void)state;
    atomic_store(&over, false);
    check_equal(sigaction(SIGUSR1, &action, NULL), 0);
    check_equal(pthread_create(&sender, NULL, send_signals, &self), 0);
    for (int i = 0; i < 10; i++) {
        transfer_by_pipe();
        transfer_by_socket();
        sleep_a_little();
    }
    atomic_store(&over, true);
    pthread_join(sender, NULL);
    signal(SIGUSR1, SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(an_interrupted_call_is_made_again),
        green_test(a_transfer_in_bits_arrives_whole),
        green_test(signals_do_not_show),
    };

    return cmocka_run_group_tests(tests, take_calls, NULL);
}

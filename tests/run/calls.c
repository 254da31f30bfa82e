/* SPDX-License-Identifier: MIT */
/* calls.c - says what the calls do that green-run serves without a trap; see
 * test_green_run.sh. */
#include <errno.h>
#include <fenv.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int pair[2];
static volatile sig_atomic_t caught;

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

static void start(pthread_t *t, void *(*fn)(void *), void *argument)
{
    if (pthread_create(t, NULL, fn, argument) != 0)
        abort();
}

static long result_of(pthread_t t)
{
    void *value;

    if (pthread_join(t, &value) != 0)
        abort();
    return (long)value;
}

/* ---- what is a thread's own, kept while it waits ---- */

static void *round_as(void *mode)
{
    fesetround((int)(long)mode);
    errno = (int)(long)mode;
    for (int i = 0; i < 10; i++)
        pause_ms(1);
    return (void *)(long)(fegetround() == (int)(long)mode &&
                          errno == (int)(long)mode);
}

static void own(void)
{
    const int modes[] = {FE_UPWARD, FE_TONEAREST, FE_DOWNWARD, FE_TOWARDZERO};
    pthread_t t[4];
    long right = 0;

    for (int i = 0; i < 4; i++)
        start(&t[i], round_as, (void *)(long)modes[i]);
    for (int i = 0; i < 4; i++)
        right += result_of(t[i]);
    printf("rounding and errno kept: %ld\n", right);
}

/* ---- cancelling ---- */

static void *by_read(void *cleaned)
{
    char c;

    pthread_cleanup_push((void (*)(void *))free, malloc(8));
    (void)!read(pair[0], &c, 1);
    pthread_cleanup_pop(0);
    return cleaned;
}

static void *by_recv(void *unused)
{
    char c;

    recv(pair[0], &c, 1, MSG_WAITALL);
    return unused;
}

static void *by_poll(void *unused)
{
    struct pollfd p = {.fd = pair[0], .events = POLLIN};

    poll(&p, 1, -1);
    return unused;
}

static void *by_accept(void *unused)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr a = {.sa_family = AF_UNIX};

    bind(fd, &a, sizeof(sa_family_t));
    listen(fd, 1);
    accept(fd, NULL, NULL);
    return unused;
}

static void *never_waits(void *unused)
{
    for (;;)
        (void)!write(pair[1], "", 0);
    return unused;
}

static void *not_now(void *unused)
{
    char c = 0;
    int old;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
    (void)!read(pair[0], &c, 1);
    return c == 'x' ? (void *)1 : unused;
}

static void cancelling(void)
{
    void *(*const ways[])(void *) = {by_read, by_recv, by_poll, by_accept};
    pthread_t t;
    int n = 0;

    for (int i = 0; i < 4; i++) {
        start(&t, ways[i], NULL);
        pause_ms(10);
        pthread_cancel(t);
        n += (void *)result_of(t) == PTHREAD_CANCELED;
    }
    start(&t, never_waits, NULL);
    pthread_cancel(t);
    n += (void *)result_of(t) == PTHREAD_CANCELED;
    start(&t, not_now, NULL);
    pause_ms(10);
    pthread_cancel(t);
    (void)!write(pair[1], "x", 1);
    printf("canceled %d, not canceled %ld\n", n, result_of(t));
}

/* ---- signals ---- */

static void note_signal(int number)
{
    char c;

    caught = number;
    (void)!read(STDIN_FILENO, &c, 0);
}

static void *read_one(void *unused)
{
    char c = 0;
    long n = read(pair[0], &c, 1);

    (void)unused;
    return (void *)(n == 1 ? (long)c : -(long)errno);
}

static long signalled(int flags)
{
    struct sigaction a = {.sa_handler = note_signal, .sa_flags = flags};
    pthread_t t;

    sigaction(SIGUSR1, &a, NULL);
    caught = 0;
    start(&t, read_one, NULL);
    pause_ms(10);
    pthread_kill(t, SIGUSR1);
    while (!caught)
        pause_ms(1);
    if (flags & SA_RESTART)
        (void)!write(pair[1], "y", 1);
    return result_of(t);
}

/* ---- signals that come at any time, to threads of different masks and stacks ---- */

enum { TALKERS = 6, WORDS = 3000 };

static volatile sig_atomic_t alarms, dropped;

static void count_alarm(int number)
{
    sigset_t mask;

    (void)number;
    alarms++;
    poll(NULL, 0, 0);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    dropped += !sigismember(&mask, SIGALRM) || sigismember(&mask, SIGUSR2);
}

struct talker {
    pthread_t thread;
    int fd, kind;
};

static void *talk(void *argument)
{
    struct talker *me = argument;
    stack_t s = {.ss_size = 4 * (size_t)SIGSTKSZ};
    sigset_t set, mask;
    long said = 0;
    char c;

    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    if (me->kind == 1)
        pthread_sigmask(SIG_BLOCK, &set, NULL);
    s.ss_sp = malloc(s.ss_size);
    if (me->kind == 2)
        sigaltstack(&s, NULL);
    while (said < WORDS && read(me->fd, &c, 1) == 1 &&
           write(me->fd, &c, 1) == 1)
        said++;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    said += (sigismember(&mask, SIGALRM) != 0) != (me->kind == 1);
    s.ss_flags = SS_DISABLE;
    sigaltstack(&s, NULL);
    free(s.ss_sp);
    return (void *)said;
}

static void storm(void)
{
    struct sigaction a = {.sa_handler = count_alarm,
                          .sa_flags = SA_RESTART | SA_ONSTACK};
    struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
    struct talker all[TALKERS];
    int fds[2];
    long said = 0;

    sigaction(SIGALRM, &a, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < TALKERS; i += 2) {
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0 ||
            write(fds[0], "", 1) != 1)
            abort();
        all[i] = (struct talker){.fd = fds[0], .kind = i / 2};
        all[i + 1] = (struct talker){.fd = fds[1], .kind = (i / 2 + 1) % 3};
        start(&all[i].thread, talk, &all[i]);
        start(&all[i + 1].thread, talk, &all[i + 1]);
    }
    for (int i = 0; i < TALKERS; i++)
        said += result_of(all[i].thread);
    while (alarms < 10)
        pause_ms(1);
    setitimer(ITIMER_REAL, &never, NULL);
    printf("said %ld, wrong masks %d\n", said, (int)dropped);
}

/* ---- a child in our memory ---- */

static void children(void)
{
    int p[2], status = 0;
    char text[8] = "";
    pid_t pid;

    if (pipe(p) != 0)
        abort();
    pid = vfork();
    if (pid == 0) {
        (void)!write(p[1], "child", 5);
        _exit(poll(NULL, 0, 5) == 0 ? 3 : 4);
    }
    if (read(p[0], text, sizeof text) < 0 || waitpid(pid, &status, 0) != pid)
        abort();
    printf("vforked: %s %d\n", text, WEXITSTATUS(status));
}

int main(void)
{
    stack_t none;
    char text[1];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        abort();
    own();
    cancelling();
    printf("interrupted: %d\n", signalled(0) == -EINTR);
    printf("restarted: %d\n", signalled(SA_RESTART) == 'y');
    storm();
    children();
    sigaltstack(NULL, &none);
    printf("no alternate stack: %d\n", none.ss_flags == SS_DISABLE);
    printf("errors: %d", read(-1, text, 1) == -1 && errno == EBADF);
    printf(" %d", send(-1, "", 1, 0) == -1 && errno == EBADF);
    printf(" %d\n", clock_nanosleep(-1, 0, NULL, NULL) != 0);
    return 0;
}

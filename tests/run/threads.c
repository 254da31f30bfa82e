/* SPDX-License-Identifier: MIT */
/* threads.c - says what threads, signals and processes do; see test_green_run.sh.
 *
 * Each line is the same however the threads take turns. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 100, ROUNDS = 1000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static long turn, sum;
static _Thread_local long own = 7;

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

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&t, NULL);
}

/* ---- locks ---- */

static void *take_turns(void *id)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != (long)id)
            pthread_cond_wait(&changed, &mutex);
        turn = !turn;
        sum++;
        own++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
    }
    return (void *)own;
}

static void conditions(void)
{
    pthread_t t[2];

    start(&t[0], take_turns, (void *)0);
    start(&t[1], take_turns, (void *)1);
    printf("own counts %ld %ld", result_of(t[0]), result_of(t[1]));
    printf(", sum %ld, mine %ld\n", sum, own);
}

static sem_t permits;
static pthread_barrier_t gate;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int times;
static long shared;

static void only_once(void)
{
    times++;
    pause_ms(1);
}

static void *all_kinds(void *unused)
{
    (void)unused;
    pthread_once(&once, only_once);
    sem_wait(&permits);
    pthread_rwlock_wrlock(&rwlock);
    shared++;
    pthread_rwlock_unlock(&rwlock);
    sem_post(&permits);
    return (void *)(long)(pthread_barrier_wait(&gate) != 0);
}

static void objects(void)
{
    pthread_t t[MANY];
    long serial = 0;

    sem_init(&permits, 0, 3);
    pthread_barrier_init(&gate, NULL, MANY);
    for (int i = 0; i < MANY; i++)
        start(&t[i], all_kinds, NULL);
    for (int i = 0; i < MANY; i++)
        serial += result_of(t[i]);
    printf("once %d, shared %ld, of the barrier %ld\n", times, shared, serial);
}

static void timeouts(void)
{
    struct timespec soon;
    int r;

    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_nsec += 5000000;
    if (soon.tv_nsec >= 1000000000) {
        soon.tv_sec++;
        soon.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&mutex);
    r = pthread_cond_timedwait(&changed, &mutex, &soon);
    pthread_mutex_unlock(&mutex);
    printf("timed wait: %s", strerror(r));
    sem_init(&permits, 0, 0);
    r = sem_timedwait(&permits, &soon);
    printf(", semaphore: %s\n", r == 0 ? "got it" : strerror(errno));
}

/* ---- what is each thread's own ---- */

static pthread_key_t key;
static atomic_int destroyed; /* threads run at the same time, natively */

static void destroy(void *value)
{
    destroyed += *(int *)value;
}

static void *with_key(void *number)
{
    pthread_setspecific(key, number);
    pause_ms(1);
    errno = *(int *)number;
    pause_ms(1);
    return (void *)(long)(errno == *(int *)number &&
                          pthread_getspecific(key) == number);
}

static void keys(void)
{
    static int numbers[10];
    pthread_t t[10];
    long right = 0;

    pthread_key_create(&key, destroy);
    for (int i = 0; i < 10; i++) {
        numbers[i] = i + 1;
        start(&t[i], with_key, &numbers[i]);
    }
    for (int i = 0; i < 10; i++)
        right += result_of(t[i]);
    printf("keys and errno right %ld, destroyed %d\n", right, destroyed);
}

/* ---- cancelling and signals ---- */

static int cleaned, ends[2];
static volatile sig_atomic_t caught;
static volatile pthread_t catcher;

static void clean(void *unused)
{
    (void)unused;
    cleaned++;
}

static void *read_for_ever(void *unused)
{
    char c;

    pthread_cleanup_push(clean, NULL);
    while (read(ends[0], &c, 1) < 0)
        ;
    pthread_cleanup_pop(0);
    return unused;
}

static void *wait_for_ever(void *unused)
{
    sem_t never;

    sem_init(&never, 0, 0);
    pthread_cleanup_push(clean, NULL);
    sem_wait(&never);
    pthread_cleanup_pop(0);
    return unused;
}

static void cancelling(void)
{
    pthread_t t[3];
    int canceled = 0;

    start(&t[0], read_for_ever, NULL);
    start(&t[1], wait_for_ever, NULL);
    start(&t[2], read_for_ever, NULL);
    pause_ms(20);
    for (int i = 0; i < 3; i++)
        pthread_cancel(t[i]);
    for (int i = 0; i < 3; i++)
        canceled += (void *)result_of(t[i]) == PTHREAD_CANCELED;
    printf("canceled %d, cleaned %d\n", canceled, cleaned);
}

static void catch (int signal)
{
    caught = signal;
    catcher = pthread_self();
}

static void *interrupted(void *unused)
{
    char c;
    ssize_t n = read(ends[0], &c, 1);

    (void)unused;
    return (void *)(long)(n < 0 && errno == EINTR &&
                          pthread_equal(catcher, pthread_self()));
}

static void on_signal(int number, int flags)
{
    struct sigaction a = {.sa_handler = catch, .sa_flags = flags};

    sigaction(number, &a, NULL);
}

/* The signal is sent until it finds the thread in its call. */
static void killing(void)
{
    struct timespec t;
    void *value = NULL;
    pthread_t reader;

    on_signal(SIGUSR1, 0);
    start(&reader, interrupted, NULL);
    do {
        pthread_kill(reader, SIGUSR1);
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += t.tv_nsec < 900000000 ? 10000000 : 0;
    } while (pthread_timedjoin_np(reader, &value, &t) != 0);
    printf("interrupted in its own thread: %ld\n", (long)value);
    on_signal(SIGALRM, 0);
    caught = 0;
    alarm(1);
    pause();
    printf("pause ends by alarm: %d\n", caught == SIGALRM);
}

static void *wait_for_signal(void *set)
{
    int number = 0;

    sigwait(set, &number);
    return (void *)(long)number;
}

static void waiting_for_signals(void)
{
    pthread_t t;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    start(&t, wait_for_signal, &set);
    pause_ms(10);
    kill(getpid(), SIGUSR2);
    printf("sigwait of the process: %d", result_of(t) == SIGUSR2);
    start(&t, wait_for_signal, &set);
    pause_ms(10);
    pthread_kill(t, SIGUSR2);
    printf(", of the thread: %d", result_of(t) == SIGUSR2);
    caught = 0;
    on_signal(SIGUSR2, 0);
    raise(SIGUSR2);
    printf(", blocked: %d", caught == 0);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    printf(", then not: %d\n", caught == SIGUSR2);
}

static volatile int on_stack;
static char *stack;

static void look_at_stack(int signal)
{
    char here;

    on_stack = &here > stack && &here < stack + SIGSTKSZ && signal == SIGSEGV;
    pause_ms(1);
}

static void *on_alternate_stack(void *unused)
{
    struct sigaction a = {.sa_handler = look_at_stack, .sa_flags = SA_ONSTACK};
    stack_t s = {.ss_size = (size_t)SIGSTKSZ};

    s.ss_sp = stack = malloc(s.ss_size);
    sigaltstack(&s, NULL);
    sigaction(SIGSEGV, &a, NULL);
    pthread_kill(pthread_self(), SIGSEGV);
    s.ss_flags = SS_DISABLE;
    sigaltstack(&s, NULL);
    free(stack);
    signal(SIGSEGV, SIG_DFL);
    return unused;
}

static void stacks(void)
{
    pthread_t t;

    start(&t, on_alternate_stack, NULL);
    result_of(t);
    printf("on the alternate stack: %d\n", on_stack);
}

/* ---- robust mutexes ---- */

static pthread_mutex_t robust;

static void *die_with_it(void *unused)
{
    pthread_mutex_lock(&robust);
    return unused;
}

static void orphans(void)
{
    pthread_mutexattr_t a;
    pthread_t t;
    int r;

    pthread_mutexattr_init(&a);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &a);
    start(&t, die_with_it, NULL);
    result_of(t);
    r = pthread_mutex_lock(&robust);
    printf("owner died: %d", r == EOWNERDEAD);
    pthread_mutex_consistent(&robust);
    printf(", usable: %d\n", pthread_mutex_unlock(&robust) == 0);
}

/* ---- descriptors ---- */

static void *echo(void *fd)
{
    int s = *(int *)fd;
    char text[64];
    ssize_t n;

    while ((n = recv(s, text, sizeof text, 0)) > 0)
        send(s, text, (size_t)n, 0);
    close(s);
    return NULL;
}

static void sockets(void)
{
    int pairs[MANY][2];
    pthread_t t[MANY];
    int right = 0;
    char text[64];

    for (int i = 0; i < MANY; i++) {
        socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]);
        start(&t[i], echo, &pairs[i][1]);
    }
    for (int round = 0; round < 10; round++)
        for (int i = 0; i < MANY; i++) {
            int n = snprintf(text, sizeof text, "%d of %d", i, round);
            char back[64];

            send(pairs[i][0], text, (size_t)n, 0);
            recv(pairs[i][0], back, (size_t)n, MSG_WAITALL);
            right += memcmp(text, back, (size_t)n) == 0;
        }
    for (int i = 0; i < MANY; i++) {
        shutdown(pairs[i][0], SHUT_WR);
        result_of(t[i]);
        close(pairs[i][0]);
    }
    printf("echoes %d\n", right);
}

static void *write_much(void *fd)
{
    static char bytes[1 << 20];

    return (void *)write(*(int *)fd, bytes, sizeof bytes);
}

static void pipes(void)
{
    int p[2];
    pthread_t t;
    long n, all = 0;
    char part[5000];

    if (pipe(p) != 0)
        abort();
    start(&t, write_much, &p[1]);
    while (all < 1 << 20 && (n = read(p[0], part, sizeof part)) > 0)
        all += n;
    printf("written %ld, read %ld\n", result_of(t), all);
}

/* ---- processes ---- */

static void processes(void)
{
    char line[64] = "";
    int status;
    pid_t pid;
    FILE *f;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        pthread_t t;

        own = 40;
        start(&t, echo, &(int){-1});
        result_of(t);
        _exit((int)own + 2);
    }
    waitpid(pid, &status, 0);
    printf("forked %d", WEXITSTATUS(status));
    printf(", system %d", WEXITSTATUS(system("exit 3")));
    f = popen("echo from a pipe", "r");
    if (f && !fgets(line, sizeof line, f))
        line[0] = '\0';
    printf(", popen %d %s", pclose(f), line);
    fflush(stdout);
    pid = vfork();
    if (pid == 0)
        _exit(5);
    wait(&status);
    printf("vfork %d\n", WEXITSTATUS(status));
}

/* Threads of this process, as the kernel counts them. */
static void *count_threads(void *unused)
{
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");

    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "Threads:", 8) == 0)
            fprintf(stderr, "%s", line);
    if (f)
        fclose(f);
    return unused;
}

int main(void)
{
    pthread_t t;

    if (pipe(ends) != 0)
        return 1;
    conditions();
    objects();
    timeouts();
    keys();
    cancelling();
    killing();
    waiting_for_signals();
    stacks();
    orphans();
    sockets();
    pipes();
    processes();
    start(&t, count_threads, NULL);
    result_of(t);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* demo [connections [messages]] - 10,000 connections, a greenlet at each end.
 *
 * Two processes, of one thread each.  The server sends back whatever it reads.
 * The client opens all connections, and only then has a conversation on each:
 * messages of many sizes, compared byte by byte with what comes back.  Both are
 * written as if there was only one connection.
 *
 * Succeeds only if every byte of every message was right. */
#include <errno.h>
#include <green.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGEST 4096      /* bytes of a message */
#define PER_ADDRESS 20000 /* connections; a system has some 28,000 ports */
#define SPARE_FILES 32    /* besides the connections */

static void die(const char *what)
{
    fprintf(stderr, "\ndemo: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

/* ---- the server ---- */

static void echo(int fd, void *unused)
{
    char buffer[LARGEST];
    ssize_t n;

    (void)unused;
    while ((n = green_read(fd, buffer, sizeof buffer)) > 0)
        if (green_write_all(fd, buffer, (size_t)n) < 0)
            return;
}

/* Tells the client its port, and serves until the client closes `link`. */
static int serve(int link, const char *address)
{
    green_server_t *server = green_server_start(address, echo, NULL, NULL);
    int port = green_server_port(server);
    char byte;

    if (!server)
        die("cannot start the server");
    if (green_write_all(link, &port, sizeof port) < 0)
        die("cannot tell the port");
    while (green_read(link, &byte, 1) > 0)
        continue;
    if (green_server_stop(server, 60 * GREEN_SEC) != 0)
        die("cannot stop the server");
    return EXIT_SUCCESS;
}

/* ---- the clients ---- */

static long connections = 10000, messages = 10;
static int port;
static green_sem_t dialling = GREEN_SEM_INIT(256); /* so many at a time */
static long came, finished, exchanged;
static green_event_t all_came, all_finished, hang_up;
static int64_t *round_trips; /* of each message, in nanoseconds */

static int dial(long client)
{
    char address[40];
    int fd;

    snprintf(address, sizeof address, "127.0.0.%ld:%d",
             1 + client / PER_ADDRESS, port);
    green_sem_wait(&dialling, GREEN_FOREVER);
    fd = green_dial(address, 60 * GREEN_SEC);
    green_sem_post(&dialling);
    if (fd < 0)
        die("cannot connect");
    return fd;
}

/* Byte i of a message; no two messages are alike. */
static unsigned char content(long client, long message, size_t i)
{
    unsigned long x =
        (unsigned long)(client * 1000003 + message * 8191) + i * 2654435761U;

    return (unsigned char)(x ^ x >> 8 ^ x >> 16 ^ x >> 24);
}

/* Send a message and compare what comes back. */
static void exchange(int fd, long client, long message)
{
    size_t size = 1 + (size_t)(client * 7919 + message * 1009) % LARGEST, i;
    unsigned char buffer[LARGEST];

    for (i = 0; i < size; i++)
        buffer[i] = content(client, message, i);
    if (green_write_all(fd, buffer, size) < 0)
        die("cannot write");
    memset(buffer, 0, size);
    errno = ECONNRESET; /* if it ends too early */
    if (green_read_all(fd, buffer, size) != (ssize_t)size)
        die("cannot read");
    errno = EBADMSG;
    for (i = 0; i < size; i++)
        if (buffer[i] != content(client, message, i))
            die("a byte is not what it was");
}

/* One of the ten thousand.  Nobody begins a stage before all have come to it. */
static void *run_client(void *number)
{
    long client = *(long *)number, m;
    int fd = dial(client);
    int64_t start;

    if (++came == connections)
        green_event_set(&all_came);
    green_event_wait(&all_came, GREEN_FOREVER);
    for (m = 0; m < messages; m++) {
        start = green_now();
        exchange(fd, client, m);
        round_trips[exchanged++] = green_now() - start;
    }
    if (++finished == connections)
        green_event_set(&all_finished);
    green_event_wait(&hang_up, GREEN_FOREVER);
    green_close(fd);
    return NULL;
}

/* ---- what is shown ---- */

/* In a greenlet of its own, until it is killed. */
static void *show_progress(void *unused)
{
    int terminal = isatty(STDOUT_FILENO);

    while (green_sleep(terminal ? GREEN_SEC / 10 : GREEN_SEC) == 0) {
        printf("%s%ld of %ld connections, %ld of %ld messages%s",
               terminal ? "\r" : "", came, connections, exchanged,
               connections * messages, terminal ? " " : "\n");
        fflush(stdout);
    }
    if (terminal)
        printf("\r%70s\r", "");
    return unused;
}

/* Memory of a process in KiB, or 0 where there is no /proc. */
static long memory_of(pid_t process)
{
    char path[64];
    long pages = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%ld/statm", (long)process);
    file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void show_results(int64_t took, long memory)
{
    qsort(round_trips, (size_t)exchanged, sizeof *round_trips, compare_times);
    printf("%ld connections, all open at once; %ld messages, each byte right\n",
           connections, exchanged);
    printf("%.0f messages/s; round trip p50 %.1f ms, p99 %.1f ms\n",
           (double)exchanged * 1e9 / (double)took,
           (double)round_trips[exchanged / 2] / 1e6,
           (double)round_trips[exchanged * 99 / 100] / 1e6);
    if (memory > 0)
        printf("server: one thread, %.1f KiB of memory per connection\n",
               (double)memory / (double)connections);
}

/* ---- all of it ---- */

static void run_clients(pid_t server)
{
    const green_options_t copied = {.copy = sizeof(long)};
    green_t **all = calloc((size_t)connections, sizeof(green_t *));
    green_t *progress = green_spawn(show_progress, NULL);
    long memory = memory_of(server), i;
    int64_t start;

    round_trips = calloc((size_t)(connections * messages), sizeof(int64_t));
    if (!all || !progress || !round_trips)
        die("cannot begin");
    for (i = 0; i < connections; i++) {
        all[i] = green_spawn_with(&copied, run_client, &i);
        if (!all[i])
            die("cannot make a greenlet");
    }
    green_event_wait(&all_came, GREEN_FOREVER);
    start = green_now();
    green_event_wait(&all_finished, GREEN_FOREVER);
    start = green_now() - start;
    memory = memory_of(server) - memory;
    green_event_set(&hang_up);
    green_joinall(all, (size_t)connections, GREEN_FOREVER);
    green_killall(&progress, 1, GREEN_FOREVER);
    show_results(start, memory);
    green_releaseall(all, (size_t)connections);
    green_release(progress);
    free(all);
    free(round_trips);
}

/* Be allowed to open a file per connection, or have fewer connections. */
static void find_room(void)
{
    struct rlimit files, more;
    rlim_t need = (rlim_t)connections + SPARE_FILES;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        die("cannot ask how many files may be open");
    more.rlim_cur = need;
    more.rlim_max = files.rlim_max < need ? need : files.rlim_max;
    if (files.rlim_cur >= need || setrlimit(RLIMIT_NOFILE, &more) == 0)
        return;
    more.rlim_cur = more.rlim_max = files.rlim_max;
    if (files.rlim_max <= SPARE_FILES || setrlimit(RLIMIT_NOFILE, &more) != 0)
        die("cannot open enough files");
    connections = (long)files.rlim_max - SPARE_FILES;
    printf("only %ld files may be open at once here (ulimit -Hn), %ld are "
           "needed:\ngoing on with %ld connections\n",
           (long)files.rlim_max, (long)need, connections);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    int link[2], status;
    pid_t server;

    if (argc > 1)
        connections = strtol(argv[1], NULL, 10);
    if (argc > 2)
        messages = strtol(argv[2], NULL, 10);
    if (connections < 1 || connections > 1000000 || messages < 1 ||
        messages > 1000000 || argc > 3) {
        fputs("usage: demo [connections [messages on each]]\n", stderr);
        return EXIT_FAILURE;
    }
    find_room();
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, link) != 0)
        die("demo: socketpair");
    server = fork();
    if (server < 0)
        die("cannot make a server process");
    if (server == 0) {
        close(link[0]);
        return serve(link[1],
                     connections <= PER_ADDRESS ? "127.0.0.1:0" : "0.0.0.0:0");
    }
    close(link[1]);
    if (green_read_all(link[0], &port, sizeof port) == sizeof port)
        run_clients(server);
    close(link[0]);
    waitpid(server, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

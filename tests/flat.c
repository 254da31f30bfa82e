/* SPDX-License-Identifier: MIT */
/* flat.c - memory, mappings and descriptors stay what they were.
 *
 * Usage: flat [long].  Each kind of work is done once for a tenth, to have what it
 * needs made, and then nine times more, which must need nothing.  Then many greenlets
 * are there at once, and what they needed comes back.  Long are ten million spawns,
 * a million connections, a million offloads and a million at once. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <green.h>

enum { AT_ONCE = 100, ALLOWED_KIB = 1024 };

struct usage {
    long kib, mappings, descriptors;
};

static void stop(const char *what)
{
    fprintf(stderr, "flat: %s: %s\n", what, strerror(errno));
    exit(1);
}

static long resident_kib(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long size = 0, resident = 0;

    if (!f || fscanf(f, "%ld %ld", &size, &resident) != 2)
        stop("/proc/self/statm");
    fclose(f);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static long count_mappings(void)
{
    FILE *f = fopen("/proc/self/maps", "r");
    long n = 0;
    int c;

    if (!f)
        stop("/proc/self/maps");
    while ((c = getc(f)) != EOF)
        n += c == '\n';
    fclose(f);
    return n;
}

static long count_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    long n = 0;

    if (!d)
        stop("/proc/self/fd");
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static struct usage use_now(void)
{
    return (struct usage){resident_kib(), count_mappings(),
                          count_descriptors()};
}

/* ---- the kinds of work: do it n times ---- */

static void *do_nothing(void *arg)
{
    return arg;
}

static void spawn_many(long n)
{
    green_t *all[AT_ONCE];

    for (; n > 0; n -= AT_ONCE) {
        for (int i = 0; i < AT_ONCE; i++)
            if (!(all[i] = green_spawn(do_nothing, NULL)))
                stop("green_spawn");
        if (green_joinall(all, AT_ONCE, GREEN_FOREVER) != 0)
            stop("green_joinall");
        green_releaseall(all, AT_ONCE);
    }
}

static int server_port;

static void echo_byte(int fd, void *arg)
{
    char byte;

    (void)arg;
    while (green_read(fd, &byte, 1) == 1)
        green_write(fd, &byte, 1);
}

/* Each address of this machine has ports of its own: those of one would be used
 * up by connections that were closed a moment ago. */
static int connect_to_server(void)
{
    static unsigned count;
    char address[40];
    int fd;

    snprintf(address, sizeof address, "127.0.0.%u:%d", 1 + count++ % 200,
             server_port);
    fd = green_dial(address, GREEN_FOREVER);
    if (fd < 0)
        stop(address);
    return fd;
}

static void *talk(void *arg)
{
    int fd = connect_to_server();
    char byte = 'x';

    if (green_write(fd, &byte, 1) != 1 || green_read(fd, &byte, 1) != 1)
        stop("the server does not answer");
    green_close(fd);
    return arg;
}

static void connect_many(long n)
{
    green_server_t *server =
        green_server_start("0.0.0.0:0", echo_byte, NULL, NULL);
    green_pool_t pool = GREEN_POOL_INIT(AT_ONCE);

    if (!server)
        stop("green_server_start");
    server_port = green_server_port(server);
    while (n-- > 0)
        if (green_pool_spawn(&pool, talk, NULL, GREEN_FOREVER) != 0)
            stop("green_pool_spawn");
    green_pool_join(&pool, GREEN_FOREVER);
    green_pool_destroy(&pool);
    if (green_server_stop(server, GREEN_FOREVER) != 0)
        stop("green_server_stop");
}

static void *offload_nothing(void *arg)
{
    if (green_offload(do_nothing, arg, NULL, GREEN_FOREVER) != 0)
        stop("green_offload");
    return NULL;
}

/* ---- as many workers as there will be ---- */

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void *pass_gate(void *arg)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    return arg;
}

static void *offload_passing(void *arg)
{
    if (green_offload(pass_gate, arg, NULL, GREEN_FOREVER) != 0)
        stop("green_offload");
    return NULL;
}

/* None of them is idle while there is work to be given away. */
static void have_workers(void)
{
    green_t *gs[AT_ONCE];

    pthread_mutex_lock(&gate);
    for (int i = 0; i < AT_ONCE; i++)
        if (!(gs[i] = green_spawn(offload_passing, NULL)))
            stop("green_spawn");
    green_yield();
    pthread_mutex_unlock(&gate);
    if (green_joinall(gs, AT_ONCE, GREEN_FOREVER) != 0)
        stop("green_joinall");
    green_releaseall(gs, AT_ONCE);
}

static void offload_many(long n)
{
    green_pool_t pool = GREEN_POOL_INIT(AT_ONCE);

    while (n-- > 0)
        if (green_pool_spawn(&pool, offload_nothing, NULL, GREEN_FOREVER) != 0)
            stop("green_pool_spawn");
    green_pool_join(&pool, GREEN_FOREVER);
    green_pool_destroy(&pool);
}

/* ---- all at once, in a thread that ends ---- */

static long crowd_size;
static struct usage at_peak, at_rest;

static void *stand_by(void *event)
{
    green_event_wait(event, GREEN_FOREVER);
    return NULL;
}

/* Stacks go bit by bit while the hub rests, control blocks with it. */
static void *gather(void *arg)
{
    static green_event_t over;
    long enough = resident_kib() + ALLOWED_KIB + crowd_size * 2;

    green_event_init(&over);
    for (long i = 0; i < crowd_size; i++)
        if (green_go(stand_by, &over) != 0)
            stop("green_go");
    green_yield();
    at_peak = use_now();
    green_event_set(&over);
    if (green_run(GREEN_FOREVER) != 0)
        stop("green_run");
    for (int i = 0; i < 30000 && resident_kib() > enough; i++)
        green_sleep(10 * GREEN_MS);
    at_rest = use_now();
    return arg;
}

/* Half a KiB of each is a control block, and a page or more a stack.  What libc's
 * arena for the thread had room for, queues and heaps, libc keeps. */
static bool comes_back(long n)
{
    struct usage before, after;
    pthread_t thread;

    crowd_size = 100;
    for (int i = 0; i < 2; i++) {
        before = use_now();
        if (pthread_create(&thread, NULL, gather, NULL) != 0 ||
            pthread_join(thread, NULL) != 0)
            stop("a thread");
        crowd_size = n;
    }
    after = use_now();
    printf("%9ld at once     %6ld KiB, then %6ld at rest, then %6ld; "
           "mappings %ld, %ld, %ld\n",
           n, at_peak.kib, at_rest.kib, after.kib, at_peak.mappings,
           at_rest.mappings, after.mappings);
    return at_peak.kib > n * 4 &&
           at_rest.kib <= before.kib + ALLOWED_KIB * 2 + n * 2 &&
           after.kib <= before.kib + ALLOWED_KIB + n / 3 &&
           after.mappings <= before.mappings + 2;
}

/* ---- */

static bool stays_flat(const char *what, void (*work)(long n), long n)
{
    struct usage before, after;

    work(n / 10);
    before = use_now();
    for (int i = 0; i < 9; i++)
        work(n / 10);
    after = use_now();
    printf("%9ld %-12s %6ld KiB, then %6ld; mappings %ld, then %ld; "
           "descriptors %ld, then %ld\n",
           n, what, before.kib, after.kib, before.mappings, after.mappings,
           before.descriptors, after.descriptors);
    fflush(stdout);
    return after.kib <= before.kib + ALLOWED_KIB &&
           after.mappings <= before.mappings + 2 &&
           after.descriptors <= before.descriptors;
}

int main(int argc, char **argv)
{
    bool is_long = argc > 1 && strcmp(argv[1], "long") == 0, flat = true;

    flat &= stays_flat("spawns", spawn_many, is_long ? 10000000 : 1000000);
    flat &= stays_flat("connections", connect_many, is_long ? 1000000 : 10000);
    have_workers();
    flat &= stays_flat("offloads", offload_many, is_long ? 1000000 : 20000);
    flat &= comes_back(is_long ? 1000000 : 10000);
    return flat ? 0 : 1;
}

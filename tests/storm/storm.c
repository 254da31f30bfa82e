/* SPDX-License-Identifier: MIT */
/* storm.c - descriptors under all that can happen to them.
 *
 *     storm [COUNT [SEED]]       so many storms, each of a seed of its own
 *
 * In each, greenlets read from and write to wires while these are closed, their
 * numbers used again, duplicated, half-closed and reset, while records are taken away
 * by others, in this process and in children made by fork and green_fork, while
 * greenlets are killed and run out of time, while there are no descriptors, in the
 * process (EMFILE) and, as far as calls can tell, in the system (ENFILE), and while
 * a timer's signal interrupts whatever it can, from a tenth of a millisecond on. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "green.h"
#include "sys.h"
#include "wire.h"

enum { WIRES = 6, EVENTS = 60, PERIOD_US = 100, PATIENCE = 60, MOST_FDS = 64 };

static uint64_t seed, state;
static struct wire wires[WIRES];
static bool in_use[WIRES];
static green_t *greenlets[WIRES][READERS + WRITERS];
static uint32_t last_id;
static bool is_full;      /* no descriptors in this process */
static unsigned refusing; /* so many more calls find none in the system */
static volatile sig_atomic_t interruptions;

/* ---- chance ---- */

unsigned storm_choose(unsigned n)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    return (unsigned)((z ^ z >> 31) >> 33) % n;
}

void storm_failed(const struct wire *w, const char *what, long detail)
{
    fprintf(stderr, "storm: seed %llu, wire %u of kind %d: %s (%ld)\n",
            (unsigned long long)seed, w ? w->id : 0, w ? (int)w->kind : -1,
            what, detail);
    abort();
}

/* ---- signals ---- */

static void on_tick(int signo)
{
    (void)signo;
    interruptions++;
}

/* Without SA_RESTART: every call that can be interrupted is. */
static void let_it_tick(int period)
{
    const struct itimerval every = {{0, period}, {0, period}};
    struct sigaction a;

    memset(&a, 0, sizeof a);
    a.sa_handler = on_tick;
    sigaction(SIGALRM, &a, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* ---- no descriptors ---- */

static struct sys real;

static bool is_refused(void)
{
    if (refusing == 0)
        return false;
    refusing--;
    errno = ENFILE;
    return true;
}

static int scarce_pipe(int fds[2])
{
    return is_refused() ? -1 : real.pipe(fds);
}

static int scarce_socket(int domain, int type, int protocol)
{
    return is_refused() ? -1 : real.socket(domain, type, protocol);
}

static int scarce_socketpair(int domain, int type, int protocol, int fds[2])
{
    return is_refused() ? -1 : real.socketpair(domain, type, protocol, fds);
}

static int scarce_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return is_refused() ? -1 : real.accept(fd, address, length);
}

static void make_scarce(void)
{
    real = green__sys;
    green__sys.pipe = scarce_pipe;
    green__sys.socket = scarce_socket;
    green__sys.socketpair = scarce_socketpair;
    green__sys.accept = scarce_accept;
}

/* The limit stays above what is open: poll(2) fails when it is asked of more. */
static void set_full(bool full)
{
    static int fillers[MOST_FDS], n_fillers;
    struct rlimit limit;
    int fd;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = full ? MOST_FDS : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    while (full && n_fillers < MOST_FDS && (fd = dup(0)) >= 0)
        fillers[n_fillers++] = fd;
    while (!full && n_fillers > 0)
        close(fillers[--n_fillers]);
    is_full = full;
}

/* ---- wires come and go ---- */

static void open_wire(int i)
{
    struct wire *w = &wires[i];
    bool refusals = refusing > 0;
    int kind = (int)storm_choose(KINDS);
    int readers = kind == TCP ? 1 : 1 + (int)storm_choose(READERS);
    int writers = kind == TCP ? 1 : 1 + (int)storm_choose(WRITERS), n = 0;

    if (wire_open(w, ++last_id, (enum wire_kind)kind) != 0) {
        if (!(errno == EMFILE && is_full) && !(errno == ENFILE && refusals))
            storm_failed(NULL, "no wire", errno);
        return;
    }
    in_use[i] = true;
    while (readers-- > 0)
        greenlets[i][n++] = green_spawn(wire_reads, w);
    while (writers-- > 0)
        greenlets[i][n++] = green_spawn(wire_writes, w);
}

static void end_wire(int i)
{
    int n = 0;

    while (n < READERS + WRITERS && greenlets[i][n])
        n++;
    if (green_joinall(greenlets[i], (size_t)n, PATIENCE * GREEN_SEC) != 0)
        storm_failed(&wires[i], "a wait never ended", errno);
    wire_cut(&wires[i]);
    wire_judge(&wires[i]);
    green_releaseall(greenlets[i], (size_t)n);
    memset(greenlets[i], 0, sizeof greenlets[i]);
    in_use[i] = false;
}

/* Nobody may be left to read what has not come out: somebody does, at the end. */
static void drain_wire(int i)
{
    struct wire *w = &wires[i];
    green_t *last;

    wire_end(w);
    last = green_spawn(wire_reads, w);
    if (green_join(last, NULL, PATIENCE * GREEN_SEC) != 0)
        storm_failed(w, "the last read never ended", errno);
    green_release(last);
    end_wire(i);
}

/* ---- thieves ---- */

static void await_child(const struct wire *w, pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            storm_failed(w, "no child", errno);
    if (status != 0)
        storm_failed(w, "a child failed", status);
}

static void steal_by_child(struct wire *w)
{
    pid_t child = fork();

    if (child < 0)
        storm_failed(w, "no fork", errno);
    if (child == 0) {
        wire_steal(w, w->in, 3);
        _exit(0);
    }
    await_child(w, child);
}

/* The child's hub is a new one; it waits there, and as long as it likes. */
static void steal_by_green_child(struct wire *w)
{
    pid_t child = green_fork();

    if (child < 0)
        storm_failed(w, "no green_fork", errno);
    if (child == 0) {
        if (green_wait_fd(w->in, GREEN_READ, GREEN_MS) > 0)
            wire_steal(w, w->in, 3);
        _exit(0);
    }
    await_child(w, child);
}

static void steal(struct wire *w)
{
    int fd;

    if (w->kind == TCP || w->in < 0)
        return;
    switch (storm_choose(8)) {
    case 0:
        steal_by_child(w);
        break;
    case 1:
        steal_by_green_child(w);
        break;
    default:
        fd = dup(w->in);
        if (fd < 0)
            break;
        wire_steal(w, fd, 1 + (int)storm_choose(8));
        close(fd);
    }
}

/* ---- events ---- */

static void kill_somebody(int i)
{
    green_t *g = greenlets[i][storm_choose(READERS + WRITERS)];

    if (g)
        green_kill(g);
}

static void let_time_pass(void)
{
    unsigned turns = storm_choose(6);

    if (storm_choose(3) == 0)
        green_sleep(storm_choose(200) * GREEN_US);
    while (turns-- > 0)
        green_yield();
}

/* The number has another life before those who were woken run. */
static void cut_and_reuse(struct wire *w)
{
    int i = 0;

    wire_cut(w);
    while (i < WIRES && in_use[i])
        i++;
    if (i < WIRES)
        open_wire(i);
}

static void let_happen(int i)
{
    struct wire *w = &wires[i];

    switch (storm_choose(12)) {
    case 0:
        cut_and_reuse(w);
        break;
    case 1:
        wire_end(w);
        break;
    case 2:
        wire_half_close(w);
        break;
    case 3:
        wire_reset(w);
        break;
    case 4:
    case 5:
        wire_move(w);
        break;
    case 6:
        kill_somebody(i);
        break;
    case 7:
        set_full(!is_full);
        break;
    case 8:
        refusing = storm_choose(4);
        break;
    case 9:
        drain_wire(i);
        break;
    default:
        steal(w);
    }
}

static void run_storm(void)
{
    for (int n = 0; n < EVENTS; n++) {
        int i = (int)storm_choose(WIRES);

        if (in_use[i])
            let_happen(i);
        else
            open_wire(i);
        let_time_pass();
    }
    set_full(false);
    refusing = 0;
    for (int i = 0; i < WIRES; i++)
        if (in_use[i])
            drain_wire(i);
}

static int count_descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 1000; fd++)
        n += real.get_flags(fd) >= 0;
    return n;
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    int before = 0;

    make_scarce();
    let_it_tick(PERIOD_US);
    for (seed = first; seed < first + count; seed++) {
        state = seed;
        run_storm();
        if (seed == first)
            before = count_descriptors();
    }
    seed--;
    if (count_descriptors() != before)
        storm_failed(NULL, "descriptors are left", count_descriptors());
    printf("%lu storms, %u wires, %ld interruptions\n", count, last_id,
           (long)interruptions);
    return 0;
}

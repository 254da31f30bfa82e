/* SPDX-License-Identifier: MIT */
/* debug.c - layer 7: a socket that tells what greenlets do.
 *
 * It is a server like any other (server.c), whose greenlets are services: that
 * they wait for somebody to connect does not mean that anything can still happen
 * in the program.  For the same reason they have no timers.
 *
 * There is one for the process, in the hub where it was started. */
#include "debug.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "net.h"
#include "report.h"
#include "run.h"
#include "server.h"
#include "sys.h"

/* Whose it is, under the lock; the server is that thread's alone. */
static pthread_mutex_t debug_lock = PTHREAD_MUTEX_INITIALIZER;
static struct green_hub *debugged;
static pid_t debugged_process;
static green_server_t *debug_server;

/* ---- commands ---- */

static void tell_commands(struct report *r, struct green_hub *h)
{
    (void)h;
    green__report_text(r, "list       each greenlet, and what it does");
    green__report_text(r, "tree       the same, below who spawned it");
    green__report_text(r, "dump       the same, with who spawned it and where");
    green__report_text(r, "stats      figures of this thread's hub");
    green__report_text(r, "kill ID    tell a greenlet to end");
    green__report_text(r, "quit       good-bye");
}

static const struct command {
    const char *name;
    void (*tell)(struct report *r, struct green_hub *h);
} commands[] = {{"help", tell_commands},
                {"list", green__report_list},
                {"tree", green__report_tree},
                {"dump", green__report_dump},
                {"stats", green__report_stats}};

static green_t *find_greenlet(uint64_t id)
{
    green_t *g = green__current_hub->first;

    while (g && g->id != id)
        g = g->next;
    return g;
}

/* "7" or "#7". */
static void kill_number(struct report *r, const char *number)
{
    struct line l = {.n = 0};
    char *end;
    uint64_t id = strtoull(number + (*number == '#'), &end, 10);
    green_t *g = find_greenlet(id);

    if (id == 0 || *end) {
        green__line_text(&l, "Kill whom?  \"kill 7\" kills number 7.");
    } else if (!g) {
        green__line_add(&l, "There is no greenlet %" PRIu64 ".", id);
    } else if (g->is_service) {
        green__line_add(&l, "Greenlet %" PRIu64 " serves this socket.", id);
    } else {
        green_kill(g);
        green__line_add(&l, "Greenlet %" PRIu64 " was told to end.", id);
    }
    green__report_add(r, &l);
}

static void refuse(struct report *r, const char *name)
{
    struct line l = {.n = 0};

    green__line_add(&l, "There is no command \"%.40s\"; \"help\" lists them.",
                    name);
    green__report_add(r, &l);
}

static void obey(struct report *r, const char *name, const char *argument)
{
    size_t i;

    for (i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(name, commands[i].name) == 0) {
            commands[i].tell(r, green__current_hub);
            return;
        }
    if (strcmp(name, "kill") == 0)
        kill_number(r, argument);
    else if (*name)
        refuse(r, name);
}

/* ---- a client ---- */

/* Each answer ends with an empty line. */
static int send_report(green_stream_t *s, struct report *r)
{
    int result = -1;

    if (r->lacks_memory)
        green__report_text(r, "There is not enough memory to tell all.");
    green__report_text(r, "");
    if (green_stream_write(s, r->text, r->n) >= 0)
        result = green_stream_flush(s);
    green__sys.free(r->text);
    return result;
}

/* Cut a line into its first word and the rest, without blanks at the ends. */
static char *split_line(char *line, char **argument)
{
    char *name = line + strspn(line, " \t\r\n");
    char *end = name + strcspn(name, " \t\r\n");

    *argument = end + strspn(end, " \t\r\n");
    (*argument)[strcspn(*argument, " \t\r\n")] = '\0';
    *end = '\0';
    return name;
}

static bool is_over(green_stream_t *s, char *line, ssize_t n)
{
    struct report r = {.n = 0};
    char *name, *argument;

    if (n < 0 && errno == EMSGSIZE) {
        green__report_text(&r, "That line is too long.");
        send_report(s, &r);
    }
    if (n <= 0)
        return true;
    name = split_line(line, &argument);
    if (strcmp(name, "quit") == 0)
        return true;
    obey(&r, name, argument);
    return send_report(s, &r) < 0;
}

static void serve_client(int fd, void *arg)
{
    green_stream_t *s;
    char line[256];

    (void)arg;
    green__be_service(green__current_hub->current);
    green_set_name("debug");
    if (green__sys.peer_is_us(fd) != 1 || !(s = green_stream_open(fd)))
        return;
    while (!is_over(s, line, green_stream_read_line(s, line, sizeof line)))
        continue;
    green_stream_close(s);
}

/* ---- start, stop ---- */

/* The file goes with the process, unless it is that of a parent. */
static void remove_at_exit(void)
{
    if (debugged && debugged_process == green__sys.getpid())
        green__net_unlink(debug_server->fd);
}

/* Before the first: 0, or -1 with ENOMEM. */
static int watch_exit(void)
{
    static bool watched;

    if (!watched && green__sys.at_exit(remove_at_exit) != 0) {
        errno = ENOMEM;
        return -1;
    }
    watched = true;
    return 0;
}

/* Its thread ends, or is that of a child: its greenlets are not there any more. */
static void abandon_debug(struct green_hub *h)
{
    if (debugged != h)
        return;
    green__server_forget(debug_server);
    debugged = NULL;
}

static void end_debug(struct green_hub *h)
{
    pthread_mutex_lock(&debug_lock);
    if (debugged == h)
        green__net_unlink(debug_server->fd);
    abandon_debug(h);
    pthread_mutex_unlock(&debug_lock);
}

static int open_debug(struct green_hub *h, const char *path)
{
    struct line address = {.n = 0};
    green_server_t *s;
    int fd;

    if (debugged) {
        errno = EBUSY;
        return -1;
    }
    green__line_text(&address, "unix:");
    green__line_text(&address, path);
    fd = watch_exit() < 0 ? -1 : green__listen_closed(address.text);
    if (fd < 0 || !(s = green__server_on(fd, serve_client, NULL, 0)))
        return -1;
    debug_server = s;
    green__be_service(debug_server->taker);
    debugged = h;
    debugged_process = green__sys.getpid();
    h->end_debug = end_debug;
    return 0;
}

int green_debug_start(const char *path)
{
    struct green_hub *h = green__hub();
    int r;

    /* "@name" would have no file, whose mode keeps others out. */
    if (!path || !*path || *path == '@') {
        errno = EINVAL;
        return -1;
    }
    if (!h)
        return -1;
    pthread_mutex_lock(&debug_lock);
    r = open_debug(h, path);
    pthread_mutex_unlock(&debug_lock);
    return r;
}

int green_debug_stop(void)
{
    struct green_hub *h = green__hub();
    green_server_t *s = NULL;

    pthread_mutex_lock(&debug_lock);
    if (h && debugged == h) {
        s = debug_server;
        debugged = NULL;
    }
    pthread_mutex_unlock(&debug_lock);
    if (!s) {
        errno = ESRCH;
        return -1;
    }
    green_server_stop(s, 0);
    return 0;
}

static void start_as_wished_once(void)
{
    const char *wish = green__sys.getenv("GREEN_DEBUG_SOCKET");
    struct line path = {.n = 0};
    int saved_errno = errno;

    if (!wish || !*wish)
        return;
    green__line_path(&path, wish);
    green_debug_start(path.text);
    errno = saved_errno;
}

void green__debug_open(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, start_as_wished_once);
}

void green__debug_forked(struct green_hub *h)
{
    static const pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;

    debug_lock = fresh;
    abandon_debug(h);
    debugged = NULL;
}

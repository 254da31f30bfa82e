/* SPDX-License-Identifier: MIT */
/* test_reuse_port.c - several hubs, each with a server, share one port.
 *
 * Which of them gets a connection is the system's choice, so a test dials until
 * it has seen what it waits for. */
#include "support.h"

#include <stdio.h>
#include <string.h>

enum { HUBS = 3 };

struct member {
    green_hub_t *hub;
    green_server_t *server;
    char name;
    bool datagrams;
    int port; /* to serve on; 0: any */
    int error;
    green_event_t stopped; /* of this thread */
};

static struct member members[HUBS];
static green_hub_t *this_hub;

/* ---- in the hubs ---- */

/* Say who this is, then echo. */
static void serve(int fd, void *arg)
{
    const struct member *m = arg;
    char byte = m->name;

    do {
        if (green_write(fd, &byte, 1) != 1)
            return;
    } while (green_read(fd, &byte, 1) == 1);
}

static void tell_name(int fd, const void *data, size_t n,
                      const struct sockaddr *from, socklen_t length, void *arg)
{
    (void)data, (void)n;
    green_sendto(fd, &((struct member *)arg)->name, 1, 0, from, length);
}

static void start_server(struct member *m)
{
    green_server_options_t options = {.reuse_port = true};
    char address[40];

    snprintf(address, sizeof address, "127.0.0.1:%d", m->port);
    if (m->datagrams)
        m->server =
            green_datagram_server_start(address, tell_name, m, &options);
    else
        m->server = green_server_start(address, serve, m, &options);
    m->error = m->server ? 0 : errno;
    m->port = green_server_port(m->server);
}

static void *set_event(void *event)
{
    green_event_set(event);
    return NULL;
}

static void *stop_server(void *arg)
{
    struct member *m = arg;

    m->error = green_server_stop(m->server, GREEN_FOREVER) == 0 ? 0 : errno;
    green_spawn_on(this_hub, set_event, &m->stopped);
    return NULL;
}

/* ---- asking a hub ---- */

struct request {
    void (*fn)(struct member *m);
    struct member *m;
    green_event_t done;
};

static void *run_request(void *arg)
{
    struct request *r = arg;

    r->fn(r->m);
    green_spawn_on(this_hub, set_event, &r->done);
    return NULL;
}

/* Call fn(m) in the thread of m, and wait for it. */
static void ask(struct member *m, void (*fn)(struct member *m))
{
    struct request r = {.fn = fn, .m = m, .done = GREEN_EVENT_INIT};

    check_equal(green_spawn_on(m->hub, run_request, &r), 0);
    check_equal(green_event_wait(&r.done, GREEN_FOREVER), 0);
}

static void do_nothing(struct member *m)
{
    (void)m;
}

/* When this returns the server takes no more, though its handlers may go on. */
static void begin_stop(struct member *m)
{
    check_equal(green_spawn_on(m->hub, stop_server, m), 0);
    ask(m, do_nothing);
}

static void end_stop(struct member *m)
{
    check_equal(green_event_wait(&m->stopped, GREEN_FOREVER), 0);
    check_equal(m->error, 0);
    check_equal(green_hub_stop(m->hub, GREEN_FOREVER), 0);
}

static void start_all(bool datagrams)
{
    int i;

    this_hub = green_hub();
    for (i = 0; i < HUBS; i++) {
        members[i] = (struct member){.hub = green_hub_start(),
                                     .name = (char)('0' + i),
                                     .datagrams = datagrams,
                                     .port = i == 0 ? 0 : members[0].port};
        check(members[i].hub != NULL);
        ask(&members[i], start_server);
        check_equal(members[i].error, 0);
        check_equal(members[i].port, members[0].port);
    }
}

/* ---- clients ---- */

static const char *shared_address(void)
{
    static char text[40];

    snprintf(text, sizeof text, "127.0.0.1:%d", members[0].port);
    return text;
}

/* Who serves it? */
static int dial_any(int *fd)
{
    char name = 0;

    *fd = green_dial(shared_address(), GREEN_FOREVER);
    check(*fd >= 0);
    check_equal(green_read(*fd, &name, 1), 1);
    check(name >= '0' && name < '0' + HUBS);
    return name - '0';
}

static bool is_served(int fd)
{
    char byte = 0;

    return green_write(fd, "x", 1) == 1 && green_read(fd, &byte, 1) == 1 &&
           byte == 'x';
}

/* A connection to each. */
static void dial_all(int fds[HUBS])
{
    int missing = HUBS, fd, i;

    memset(fds, -1, HUBS * sizeof *fds);
    while (missing > 0) {
        i = dial_any(&fd);
        if (fds[i] >= 0) {
            green_close(fd);
        } else {
            fds[i] = fd;
            missing--;
        }
    }
}

/* ---- tests ---- */

static void all_serve_and_leave_one_by_one(void **state)
{
    int fds[HUBS], fd, i, n;

    (void)state;
    start_all(false);
    dial_all(fds);
    for (i = 0; i < HUBS; i++) {
        check(is_served(fds[i]));
        begin_stop(&members[i]);
        /* The connections that it has stay, new ones go to the others. */
        for (n = 0; n < 50 && i < HUBS - 1; n++) {
            check(dial_any(&fd) > i);
            check(is_served(fd));
            green_close(fd);
        }
        check(is_served(fds[i]));
        check(!green_event_is_set(&members[i].stopped));
        green_close(fds[i]);
        end_stop(&members[i]);
    }
    check_fails(green_dial(shared_address(), GREEN_FOREVER), ECONNREFUSED);
}

static int turned_away, served;
static bool enough;

/* Dials again and again.  The system resets those that a server had not yet
 * accepted when it closed; nothing else may happen to them. */
static void *use(void *arg)
{
    char name;
    int fd;

    while (!enough) {
        fd = green_dial(shared_address(), GREEN_FOREVER);
        if (fd < 0)
            check_equal(errno, ECONNRESET); /* so soon that dialling sees it */
        if (fd >= 0 && green_read(fd, &name, 1) == 1) {
            check(is_served(fd));
            served++;
        } else {
            turned_away++;
        }
        if (fd >= 0)
            green_close(fd);
    }
    return arg;
}

static void await_served(int n)
{
    for (n += served; served < n;)
        check_equal(green_sleep(GREEN_MS), 0);
}

static void under_way_none_is_refused_but_by_the_system(void **state)
{
    green_t *users[8];
    int i;

    (void)state;
    start_all(false);
    enough = false;
    turned_away = served = 0;
    for (i = 0; i < 8; i++)
        users[i] = spawn(use, NULL);
    for (i = 0; i < HUBS - 1; i++) {
        await_served(50);
        begin_stop(&members[i]);
        await_served(50);
        end_stop(&members[i]);
        /* At most one of each was waiting to be accepted. */
        check(turned_away <= 8 * (i + 1));
    }
    enough = true;
    finish_all(users, 8);
    begin_stop(&members[i]);
    end_stop(&members[i]);
}

static void datagrams_are_shared_too(void **state)
{
    bool seen[HUBS] = {false};
    int missing = HUBS, fd, i;
    char name;

    (void)state;
    start_all(true);
    while (missing > 0) {
        fd = green_datagram_dial(shared_address(), GREEN_FOREVER);
        check_equal(green_send(fd, "?", 1, 0), 1);
        check_equal(green_recv(fd, &name, 1, 0), 1);
        missing -= !seen[name - '0'];
        seen[name - '0'] = true;
        green_close(fd);
    }
    for (i = 0; i < HUBS; i++) {
        begin_stop(&members[i]);
        end_stop(&members[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(all_serve_and_leave_one_by_one),
        green_test(under_way_none_is_refused_but_by_the_system),
        green_test(datagrams_are_shared_too),
    };

    return cmocka_run_group_tests(tests, open_wake_up, NULL);
}

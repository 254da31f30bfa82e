/* SPDX-License-Identifier: MIT */
/* The functions of docs/cancellation.md, which test_snippets.sh puts into
 * snippets.h, do what the page says. */
#include "snippets.h"
#include <stdio.h>

static void check(bool true_, const char *what)
{
    if (true_)
        return;
    fprintf(stderr, "docs/cancellation.md: not so: %s\n", what);
    exit(1);
}

#define CHECK(condition) check(condition, #condition)

static void *call_relay(void *fds)
{
    const int *fd = fds;

    return relay(fd[0], fd[1]) == -1 && errno == ECANCELED ? fds : NULL;
}

static void check_kills(void)
{
    int pipe_fds[2];
    char *text = malloc(5);
    green_t *g;

    CHECK(pipe(pipe_fds) == 0 && text != NULL);
    g = green_spawn(call_relay, pipe_fds);
    green_yield();
    green_kill(g);
    CHECK(green_join(g, NULL, GREEN_FOREVER) == 0);
    CHECK(green_value(g) == pipe_fds);
    green_release(g);
    CHECK(close(pipe_fds[1]) == 0 && relay(pipe_fds[0], 1) == 0);
    green_close(pipe_fds[0]);

    CHECK(count_for(20 * GREEN_MS) > 0);
    stop(green_spawn(work_on, memcpy(text, "work", 5)));
}

static void *dial_in_vain(void *arg)
{
    static const char *const addresses[] = {"127.0.0.1:1", "[::1]:1"};

    (void)arg;
    return dial_any(addresses, 2) == -1 && errno == ECANCELED ? &closing : NULL;
}

static void check_retries(void)
{
    green_t *g = green_spawn(dial_in_vain, NULL);

    green_kill(g);
    CHECK(green_join(g, NULL, GREEN_FOREVER) == 0 && green_value(g) != NULL);
    green_release(g);
}

static void check_shut_down(void)
{
    green_queue_t jobs = GREEN_QUEUE_INIT(int64_t, SIZE_MAX);
    green_t *worker = green_spawn(serve_jobs, &jobs);

    green_yield();
    CHECK(shut_down(&worker, 1) == 0 && !green_killed(worker));
    green_release(worker);
    green_queue_destroy(&jobs);
}

static void check_scopes(void)
{
    bool inner_fired, outer_fired;
    char page[8];
    int pair[2];

    nest(&inner_fired, &outer_fired);
    CHECK(!inner_fired && outer_fired);

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(fetch_soon(pair[0], page, sizeof page) == 0);
    CHECK(write(pair[1], "page", 4) == 4);
    CHECK(fetch_soon(pair[0], page, sizeof page) == 4);
    green_close(pair[0]);
    green_close(pair[1]);
}

static void end_a_session(const char *request, bool by_kill)
{
    struct session *s = malloc(sizeof *s);
    bool said_bye = false;
    char answer[4];
    int pair[2];
    green_t *g;

    CHECK(s && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    *s = (struct session){pair[0], &said_bye};
    g = green_spawn(session, s);
    CHECK(green_write_all(pair[1], request, strlen(request)) >= 0);
    if (by_kill)
        green_kill(g);
    CHECK(green_join(g, NULL, GREEN_FOREVER) == 0 && said_bye);
    green_release(g);
    CHECK(green_read_all(pair[1], answer, 4) == 4);
    CHECK(memcmp(answer, "bye\n", 4) == 0);
    green_close(pair[1]);
}

static void *call_take_one(void *stock)
{
    return take_one(stock) == 0 ? stock : NULL;
}

static void check_locks(void)
{
    struct stock stock = {GREEN_MUTEX_INIT, GREEN_COND_INIT, 1};
    green_t *g;

    CHECK(take_one(&stock) == 0 && stock.count == 0);
    g = green_spawn(call_take_one, &stock);
    green_yield();
    green_kill(g);
    CHECK(green_join(g, NULL, GREEN_FOREVER) == 0 && green_value(g) == NULL);
    green_release(g);
    CHECK(green_mutex_lock(&stock.m, 0) == 0);
}

int main(void)
{
    check_kills();
    check_retries();
    check_shut_down();
    check_scopes();
    end_a_session("", true);
    end_a_session("hello", true);
    end_a_session("quit", false);
    check_locks();
    return 0;
}

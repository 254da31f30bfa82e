/* SPDX-License-Identifier: MIT */
/* descriptors.c - pipes and sockets; its twin is descriptors.py. */
#include "oracle.h"

#include <unistd.h>

#define MUCH ((size_t)1 << 20)

static int fds[2]; /* what is written to the second comes from the first */

static void *read_some(void *name)
{
    char text[11] = "";
    ssize_t n = green_read(fds[0], text, 10);

    say("%s reads %s", (const char *)name, n > 0 ? text : "the end");
    return NULL;
}

static void a_reader_waits_for_its_writer(void)
{
    make_pipe(fds);
    start(read_some, "r");
    green_yield();
    say("writing");
    green_write(fds[1], "x", 1);
    join_all();
}

static void the_end_of_a_pipe_wakes_its_reader(void)
{
    make_pipe(fds);
    start(read_some, "r");
    green_yield();
    say("closing");
    green_close(fds[1]);
    join_all();
}

static char much[MUCH];

static void *write_much(void *unused)
{
    green_write_all(fds[1], much, MUCH);
    green_close(fds[1]);
    say("written");
    return unused;
}

static void more_than_a_pipe_holds(void)
{
    static char buffer[MUCH];
    size_t total = 0;
    ssize_t n;

    make_pipe(fds);
    start(write_much, "");
    while ((n = green_read(fds[0], buffer, sizeof buffer)) > 0)
        total += (size_t)n;
    say("read %zu", total);
    join_all();
}

static void a_descriptor_is_not_ready_in_time(void)
{
    make_pipe(fds);
    outcome("wait", green_wait_fd(fds[0], GREEN_READ, TICK));
}

static void *write_x(void *fd)
{
    green_write(*(int *)fd, "x", 1);
    return NULL;
}

static void a_select_of_two(void)
{
    int second[2];
    struct pollfd both[2];

    make_pipe(fds);
    make_pipe(second);
    both[0] = (struct pollfd){.fd = fds[0], .events = POLLIN};
    both[1] = (struct pollfd){.fd = second[0], .events = POLLIN};
    green_go(write_x, &second[1]);
    green_poll(both, 2, GREEN_FOREVER);
    say(both[0].revents ? "first" : "second");
}

static void *receive(void *name)
{
    char text[11] = "";

    if (green_recv(fds[0], text, 10, 0) >= 0)
        say("%s receives %s", (const char *)name, text);
    else
        say("%s %s", (const char *)name, errno == EBADF ? "EBADF" : "fails");
    return NULL;
}

static void closed_under_its_reader(void)
{
    make_pair(fds);
    start(receive, "r");
    green_yield();
    green_close(fds[0]);
    say("closed");
    join_all();
}

static void *echo(void *unused)
{
    char text[11] = "";
    ssize_t n;

    while ((n = green_read(fds[1], text, 10)) > 0) {
        text[n] = '\0';
        say("echoes %s", text);
        green_write_all(fds[1], text, (size_t)n);
    }
    return unused;
}

static void a_conversation(void)
{
    static const char *const words[] = {"one", "two", "three"};
    char text[11] = "";
    ssize_t n;

    make_pair(fds);
    start(echo, "");
    for (int i = 0; i < 3; i++) {
        green_write_all(fds[0], words[i], strlen(words[i]));
        n = green_read(fds[0], text, 10);
        say("hears %.*s", (int)n, text);
    }
    green_close(fds[0]);
    join_all();
}

/* ---- where the order differs ---- */

static int readers[4][2];

static void *wait_reader(void *name)
{
    green_wait_fd(readers[*(char *)name - 'a'][0], GREEN_READ, GREEN_FOREVER);
    say("%s", (const char *)name);
    return NULL;
}

static void descriptors_ready_together(void)
{
    for (int i = 0; i < 4; i++)
        make_pipe(readers[i]);
    start_each(wait_reader, "abcd");
    green_yield();
    for (int i = 0; i < 4; i++)
        green_write(readers[i][1], "x", 1);
    join_all();
}

static void many_at_one_descriptor(void)
{
    make_pipe(fds);
    for (int i = 0; i < 3; i++)
        readers[i][0] = fds[0];
    start_each(wait_reader, "abc");
    green_yield();
    green_write(fds[1], "x", 1);
    join_all();
}

static void two_readers_of_a_socket(void)
{
    make_pair(fds);
    start_each(receive, "ab");
    green_yield();
    green_write(fds[1], "x", 1);
    green_join(nth(0), NULL, GREEN_FOREVER);
    green_write(fds[1], "y", 1);
    green_join(nth(1), NULL, GREEN_FOREVER);
}

static void *look(void *name)
{
    say("%s runs", (const char *)name);
    return NULL;
}

static void a_peer_that_never_stops_sending(void)
{
    char byte;

    make_pipe(fds);
    green_write_all(fds[1], much, 1000);
    start(look, "other");
    for (int i = 0; i < 1000; i++)
        green_read(fds[0], &byte, 1);
    say("read all");
    join_all();
}

const struct program descriptor_programs[] = {
    PROGRAM(a_reader_waits_for_its_writer),
    PROGRAM(the_end_of_a_pipe_wakes_its_reader),
    PROGRAM(more_than_a_pipe_holds),
    PROGRAM(a_descriptor_is_not_ready_in_time),
    PROGRAM(a_select_of_two),
    PROGRAM(closed_under_its_reader),
    PROGRAM(a_conversation),
    PROGRAM(descriptors_ready_together),
    PROGRAM(many_at_one_descriptor),
    PROGRAM(two_readers_of_a_socket),
    PROGRAM(a_peer_that_never_stops_sending),
    {NULL, NULL}};

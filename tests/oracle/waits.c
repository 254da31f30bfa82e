/* SPDX-License-Identifier: MIT */
/* waits.c - waiting for the first of several, and for descriptors; its twin is
 * waits.py. */
#include "oracle.h"

#include <unistd.h>

#define MUCH ((size_t)1 << 20)

static green_event_t events[3];

/* The number of the event that comes first. */
static const char *first(int64_t timeout)
{
    static const char *const numbers[] = {"0", "1", "2"};
    green_case_t cases[] = {GREEN_ON_EVENT(&events[0]),
                            GREEN_ON_EVENT(&events[1]),
                            GREEN_ON_EVENT(&events[2])};
    int i = green_select(cases, 3, timeout);

    return i < 0 ? "none" : numbers[i];
}

static void *set_one(void *unused)
{
    green_event_set(&events[1]);
    say("set 1");
    return unused;
}

static void the_first_of_three_events(void)
{
    start(set_one, "");
    say("first %s", first(GREEN_FOREVER));
    join_all();
}

static void none_in_time(void)
{
    say("first %s", first(TICK));
    green_event_set(&events[0]);
    say("first %s", first(TICK));
}

static void *wait_first(void *name)
{
    const char *number = first(GREEN_FOREVER);

    say("%s has %s", (const char *)name, number);
    return NULL;
}

static void two_wait_for_the_same(void)
{
    start_each(wait_first, "ab");
    green_yield();
    green_event_set(&events[1]);
    join_all();
}

static void *steps(void *name)
{
    for (int i = ('c' - *(char *)name) * 2; i > 0; i--)
        green_yield();
    say("%s ends", (const char *)name);
    return NULL;
}

/* Of those started, the first that has ended and is not in `left` any more. */
static void say_next_ended(bool *left)
{
    green_case_t cases[3];
    int places[3], n = 0, i;

    for (i = 0; i < 3; i++)
        if (left[i]) {
            places[n] = i;
            cases[n++] = GREEN_ON_JOIN(nth((size_t)i));
        }
    i = places[green_select(cases, n, GREEN_FOREVER)];
    left[i] = false;
    say("ended: %c", 'a' + i);
}

static void greenlets_as_they_end(void)
{
    bool left[3] = {true, true, true};

    start_each(steps, "abc");
    for (int i = 0; i < 3; i++)
        say_next_ended(left);
}

static void several_ended_before_it_looks(void)
{
    bool left[3] = {true, true, true};

    start_each(steps, "abc");
    for (int i = 0; i < 3; i++) {
        for (int turn = 0; turn < 5; turn++)
            green_yield();
        say_next_ended(left);
    }
}

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

static void one_that_is_there_already(void)
{
    green_event_set(&events[2]);
    start(set_one, "");
    say("first %s", first(GREEN_FOREVER));
    join_all();
}

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

const struct program wait_programs[] = {
    PROGRAM(the_first_of_three_events),
    PROGRAM(none_in_time),
    PROGRAM(two_wait_for_the_same),
    PROGRAM(greenlets_as_they_end),
    PROGRAM(several_ended_before_it_looks),
    PROGRAM(a_reader_waits_for_its_writer),
    PROGRAM(the_end_of_a_pipe_wakes_its_reader),
    PROGRAM(more_than_a_pipe_holds),
    PROGRAM(a_descriptor_is_not_ready_in_time),
    PROGRAM(a_select_of_two),
    PROGRAM(closed_under_its_reader),
    PROGRAM(a_conversation),
    PROGRAM(one_that_is_there_already),
    PROGRAM(descriptors_ready_together),
    PROGRAM(many_at_one_descriptor),
    PROGRAM(two_readers_of_a_socket),
    PROGRAM(a_peer_that_never_stops_sending),
    {NULL, NULL}};

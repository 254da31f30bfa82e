/* SPDX-License-Identifier: MIT */
/* test_stream.c - lines, texts and bytes through buffers. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sys.h"

#define LONG 20000 /* longer than any buffer of a stream */

static int fds[2]; /* the peer's end, and the stream's */
static green_stream_t *stream;

static void open_pair(void)
{
    make_pair(fds);
    stream = green_stream_open(fds[1]);
    check(stream != NULL);
}

static void close_pair(void)
{
    green_stream_close(stream);
    close_both(fds);
}

static void peer_sends(const char *text)
{
    check_equal(green_write_all(fds[0], text, strlen(text)), strlen(text));
}

static void peer_ends(void)
{
    check_equal(green_shutdown(fds[0], SHUT_WR), 0);
}

/* Exactly this has come to the peer so far. */
static void check_peer_got(const char *expected)
{
    static char got[3 * LONG];
    size_t n = 0;

    while (green_wait_fd(fds[0], GREEN_READ, 0) > 0) {
        ssize_t r = green_read(fds[0], got + n, sizeof got - 1 - n);

        if (r <= 0)
            break;
        n += (size_t)r;
    }
    got[n] = '\0';
    check_text(got, expected);
}

static void peer_drops(size_t n)
{
    static char dropped[LONG];
    ssize_t r = 1;

    for (; n > 0 && r > 0; n -= (size_t)r)
        r = green_read(fds[0], dropped, n < LONG ? n : LONG);
    check_equal(n, 0);
}

static void check_line(const char *expected)
{
    char line[256] = "untouched";

    check_equal(green_stream_read_line(stream, line, sizeof line),
                strlen(expected));
    check_text(line, expected);
}

/* n times the letter, with a newline in place of the last. */
static char *long_line(size_t n, char letter)
{
    char *line = malloc(n + 1);

    memset(line, letter, n);
    line[n - 1] = '\n';
    line[n] = '\0';
    return line;
}

/* ---- reading ---- */

static void lines_come_one_by_one_with_their_newlines(void **state)
{
    (void)state;
    open_pair();
    peer_sends("one\ntwo\n\nfour\n");
    check_line("one\n");
    check_line("two\n");
    check_line("\n");
    check_line("four\n");
    close_pair();
}

static void the_last_line_may_lack_its_newline(void **state)
{
    (void)state;
    open_pair();
    peer_sends("one\ntwo");
    peer_ends();
    check_line("one\n");
    check_line("two");
    check_line("");
    check_line("");
    close_pair();
}

static void *read_one_line(void *line)
{
    note("%zd", green_stream_read_line(stream, line, 64));
    return line;
}

static void a_line_that_comes_in_pieces_is_waited_for(void **state)
{
    char line[64];
    green_t *g;

    (void)state;
    open_pair();
    g = spawn(read_one_line, line);
    settle();
    peer_sends("in ");
    settle();
    peer_sends("pieces");
    settle();
    check_log("");
    peer_sends("\nand more");
    finish(g);
    check_text(line, "in pieces\n");
    check_log("10");
    close_pair();
}

static void a_line_may_contain_zeros(void **state)
{
    char line[16] = "";

    (void)state;
    open_pair();
    check_equal(green_write_all(fds[0], "a\0b\n", 4), 4);
    check_equal(green_stream_read_line(stream, line, sizeof line), 4);
    check(memcmp(line, "a\0b\n", 5) == 0);
    close_pair();
}

static void of_a_line_too_long_the_rest_can_be_read_on(void **state)
{
    char line[5] = "";

    (void)state;
    open_pair();
    peer_sends("0123456789\nnext\n");
    check_fails(green_stream_read_line(stream, line, 5), EMSGSIZE);
    check_text(line, "0123");
    check_fails(green_stream_read_line(stream, line, 5), EMSGSIZE);
    check_text(line, "4567");
    check_equal(green_stream_read_line(stream, line, 5), 3);
    check_text(line, "89\n");
    check_line("next\n");
    close_pair();
}

static void a_line_may_fill_all_but_the_place_of_the_zero(void **state)
{
    char line[5] = "";

    (void)state;
    open_pair();
    peer_sends("123\n1234");
    check_equal(green_stream_read_line(stream, line, 5), 4);
    peer_ends();
    check_equal(green_stream_read_line(stream, line, 5), 4);
    check_text(line, "1234");
    check_equal(green_stream_read_line(stream, line, 5), 0);
    close_pair();
}

static void *send_text(void *text)
{
    peer_sends(text);
    return NULL;
}

static void a_line_may_be_longer_than_the_buffer(void **state)
{
    char *sent = long_line(LONG, 'x'), *line = malloc(LONG + 1);
    green_t *g;

    (void)state;
    open_pair();
    g = spawn(send_text, sent);
    check_equal(green_stream_read_line(stream, line, LONG + 1), LONG);
    check(strcmp(line, sent) == 0);
    finish(g);
    g = spawn(send_text, sent);
    check_fails(green_stream_read_line(stream, line, LONG), EMSGSIZE);
    check_equal(strlen(line), LONG - 1);
    check_line("\n");
    finish(g);
    close_pair();
    free(line);
    free(sent);
}

static void a_line_that_times_out_midway_is_not_lost(void **state)
{
    char line[64] = "untouched";
    green_scope_t t;

    (void)state;
    open_pair();
    peer_sends("begun, ");
    green_timeout_begin(&t, GREEN_MS);
    check_fails(green_stream_read_line(stream, line, sizeof line), ETIMEDOUT);
    check(green_scope_end(&t));
    check_text(line, "untouched");
    peer_sends("and ended\n");
    check_line("begun, and ended\n");
    close_pair();
}

static void read_gives_what_the_buffer_has_before_it_waits(void **state)
{
    char buffer[16] = "";

    (void)state;
    open_pair();
    peer_sends("line\nrest");
    check_line("line\n");
    check_equal(green_stream_read(stream, buffer, 2), 2);
    check_equal(green_stream_read(stream, buffer + 2, 8), 2);
    check_text(buffer, "rest");
    check_equal(green_stream_read(stream, NULL, 0), 0);
    peer_ends();
    check_equal(green_stream_read(stream, buffer, 8), 0);
    close_pair();
}

static void a_large_read_takes_what_there_is(void **state)
{
    static char buffer[LONG];

    (void)state;
    open_pair();
    peer_sends("line\nbuffered");
    check_line("line\n");
    check_equal(green_stream_read(stream, buffer, LONG), 8);
    peer_sends("not buffered");
    check_equal(green_stream_read(stream, buffer, LONG), 12);
    check_text(buffer, "not buffered");
    close_pair();
}

static void read_all_waits_for_the_last_byte(void **state)
{
    static char buffer[LONG + 1];
    char *sent = long_line(LONG, 'y');
    green_t *g;

    (void)state;
    open_pair();
    g = spawn(send_text, sent);
    check_equal(green_stream_read_all(stream, buffer, 3), 3);
    check_equal(green_stream_read_all(stream, buffer + 3, LONG - 3), LONG - 3);
    check(strcmp(buffer, sent) == 0);
    finish(g);
    peer_sends("end");
    peer_ends();
    check_equal(green_stream_read_all(stream, buffer, LONG), 3);
    close_pair();
    free(sent);
}

/* ---- writing ---- */

static void what_is_written_waits_for_the_flush(void **state)
{
    (void)state;
    open_pair();
    check_equal(green_stream_write(stream, "one ", 4), 4);
    check_equal(green_stream_printf(stream, "%d %s", 2, "three"), 7);
    check_equal(green_stream_write(stream, NULL, 0), 0);
    check_peer_got("");
    check_equal(green_stream_flush(stream), 0);
    check_peer_got("one 2 three");
    check_equal(green_stream_flush(stream), 0);
    check_peer_got("");
    close_pair();
}

static void close_flushes_and_leaves_the_descriptor_open(void **state)
{
    (void)state;
    open_pair();
    check_equal(green_stream_write(stream, "last", 4), 4);
    green_stream_close(stream);
    check_peer_got("last");
    check_equal(green_write(fds[1], "!", 1), 1);
    check_peer_got("!");
    close_both(fds);
    green_stream_close(NULL);
}

static void any_amount_can_be_written_in_its_order(void **state)
{
    char *large = long_line(LONG, 'z'), *all = malloc(2 * LONG + 64);
    const size_t sizes[] = {1, 8190, 1, 8191, 8192, 8193, 100};
    size_t total = 0;

    (void)state;
    open_pair();
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        memset(all + total, 'a' + (int)i, sizes[i]);
        check_equal(green_stream_write(stream, all + total, sizes[i]),
                    sizes[i]);
        total += sizes[i];
    }
    all[total] = '\0';
    check_equal(green_stream_flush(stream), 0);
    check_peer_got(all);
    check_equal(green_stream_write(stream, "a", 1), 1);
    check_equal(green_stream_write(stream, large, LONG), LONG);
    all[0] = 'a';
    memcpy(all + 1, large, LONG + 1);
    check_peer_got(all);
    close_pair();
    free(all);
    free(large);
}

static void a_text_may_be_longer_than_the_rest_of_the_buffer(void **state)
{
    static char expected[3 * LONG];
    const int widths[] = {5000, 5000, 8191, 8192, LONG, 3};
    int at = 0;

    (void)state;
    open_pair();
    for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
        check_equal(green_stream_printf(stream, "%0*zu", widths[i], i),
                    widths[i]);
        at += snprintf(expected + at, sizeof expected - (size_t)at, "%0*zu",
                       widths[i], i);
    }
    check_equal(green_stream_flush(stream), 0);
    check_peer_got(expected);
    close_pair();
}

static void a_flush_that_times_out_can_be_repeated(void **state)
{
    size_t filled;
    green_scope_t t;

    (void)state;
    open_pair();
    filled = fill(fds[1]);
    check_equal(green_stream_printf(stream, "still here"), 10);
    green_timeout_begin(&t, GREEN_MS);
    check_fails(green_stream_flush(stream), ETIMEDOUT);
    check(green_scope_end(&t));
    peer_drops(filled);
    check_equal(green_stream_flush(stream), 0);
    check_peer_got("still here");
    close_pair();
}

static void nobody_to_read_it_is_EPIPE(void **state)
{
    (void)state;
    open_pair();
    check_equal(green_shutdown(fds[0], SHUT_RDWR), 0);
    check_equal(green_stream_write(stream, "x", 1), 1);
    check_fails(green_stream_flush(stream), EPIPE);
    check_fails(green_stream_write(stream, fds, LONG), EPIPE);
    close_pair();
}

/* ---- many greenlets ---- */

static void *read_and_note(void *name)
{
    char line[64];

    check(green_stream_read_line(stream, line, sizeof line) > 0);
    line[strcspn(line, "\n")] = '\0';
    note("%s:%s", (const char *)name, line);
    return NULL;
}

static void each_reader_gets_a_whole_line_in_turn(void **state)
{
    green_t *gs[3];

    (void)state;
    open_pair();
    gs[0] = spawn(read_and_note, text("a"));
    gs[1] = spawn(read_and_note, text("b"));
    gs[2] = spawn(read_and_note, text("c"));
    settle();
    peer_sends("on");
    settle();
    peer_sends("e\ntwo\nth");
    settle();
    peer_sends("ree\n");
    finish_all(gs, 3);
    check_log("a:one b:two c:three");
    close_pair();
}

static void *write_large(void *letter)
{
    char *line = long_line(LONG, *(const char *)letter);

    check_equal(green_stream_write(stream, line, LONG), LONG);
    free(line);
    return NULL;
}

static void what_several_write_is_not_mixed(void **state)
{
    static char got[2 * LONG];
    green_t *gs[2];
    size_t filled;

    (void)state;
    open_pair();
    filled = fill(fds[1]);
    gs[0] = spawn(write_large, text("a"));
    gs[1] = spawn(write_large, text("b"));
    settle();
    peer_drops(filled);
    check_equal(green_read_all(fds[0], got, sizeof got), sizeof got);
    for (size_t i = 0; i < 2 * LONG; i++)
        if (got[i] != (i % LONG == LONG - 1 ? '\n' : i < LONG ? 'a' : 'b'))
            check_equal(i, -1);
    finish_all(gs, 2);
    close_pair();
}

static void one_writes_while_another_waits_to_read(void **state)
{
    green_t *g;

    (void)state;
    open_pair();
    g = spawn(read_and_note, text("a"));
    settle();
    check_equal(green_stream_printf(stream, "question\n"), 9);
    check_equal(green_stream_flush(stream), 0);
    check_peer_got("question\n");
    peer_sends("answer\n");
    finish(g);
    check_log("a:answer");
    close_pair();
}

static void *use_when_killed(void *arg)
{
    char line[64] = "untouched";

    green_kill(green_self());
    check_fails(green_stream_read_line(stream, line, sizeof line), ECANCELED);
    check_fails(green_stream_read(stream, line, 1), ECANCELED);
    check_fails(green_stream_read_all(stream, line, 1), ECANCELED);
    check_fails(green_stream_write(stream, "x", 1), ECANCELED);
    check_fails(green_stream_printf(stream, "x"), ECANCELED);
    check_fails(green_stream_flush(stream), ECANCELED);
    check_text(line, "untouched");
    return arg;
}

static void a_killed_greenlet_is_refused_whatever_is_buffered(void **state)
{
    (void)state;
    open_pair();
    peer_sends("one\ntwo\n");
    check_line("one\n");
    finish(spawn(use_when_killed, NULL));
    check_line("two\n");
    check_equal(green_stream_flush(stream), 0);
    check_peer_got("");
    close_pair();
}

/* ---- what goes wrong ---- */

static void *read_in_vain(void *name)
{
    char line[8];

    note_result(name, green_stream_read_line(stream, line, sizeof line));
    return NULL;
}

static void closing_the_descriptor_ends_the_wait_for_a_line(void **state)
{
    green_t *g;

    (void)state;
    open_pair();
    g = spawn(read_in_vain, text("a"));
    settle();
    check_equal(green_close(fds[1]), 0);
    finish(g);
    check_log("a:EBADF");
    green_stream_close(stream);
    check_equal(green_close(fds[0]), 0);
}

static void arguments_nobody_could_mean_are_EINVAL(void **state)
{
    char line[8] = "";

    (void)state;
    open_pair();
    check(!green_stream_open(-1) && errno == EBADF);
    check_fails(green_stream_read(NULL, line, 1), EINVAL);
    check_fails(green_stream_read(stream, NULL, 1), EINVAL);
    check_fails(green_stream_read_all(stream, NULL, 1), EINVAL);
    check_fails(green_stream_read_line(NULL, line, sizeof line), EINVAL);
    check_fails(green_stream_read_line(stream, NULL, sizeof line), EINVAL);
    check_fails(green_stream_read_line(stream, line, 1), EINVAL);
    check_fails(green_stream_write(NULL, line, 1), EINVAL);
    check_fails(green_stream_write(stream, NULL, 1), EINVAL);
    check_fails(green_stream_flush(NULL), EINVAL);
    close_pair();
}

static int mallocs_left;

static void *failing_malloc(size_t size)
{
    if (mallocs_left-- > 0)
        return malloc(size);
    errno = ENOMEM;
    return NULL;
}

static void *failing_realloc(void *old, size_t size)
{
    (void)old, (void)size;
    errno = ENOMEM;
    return NULL;
}

static void without_memory_nothing_is_changed(void **state)
{
    struct sys usual = green__sys;
    char *sent = long_line(LONG, 'x'), *line = malloc(LONG + 1);
    green_t *g;

    (void)state;
    open_pair();
    g = spawn(send_text, sent);
    settle();
    green__sys.malloc = failing_malloc;
    green__sys.realloc = failing_realloc;
    for (mallocs_left = 0; mallocs_left < 2;) {
        int n = mallocs_left;

        check(!green_stream_open(fds[1]) && errno == ENOMEM);
        mallocs_left = n + 1;
    }
    mallocs_left = 0;
    check_fails(green_stream_printf(stream, "%0*d", LONG, 1), ENOMEM);
    check_fails(green_stream_read_line(stream, line, LONG + 1), ENOMEM);
    green__sys = usual;
    check_equal(green_stream_read_line(stream, line, LONG + 1), LONG);
    check(strcmp(line, sent) == 0);
    finish(g);
    close_pair();
    free(line);
    free(sent);
}

static void close_while_reading(void *arg)
{
    (void)arg;
    spawn(read_in_vain, text("a"));
    settle();
    green_stream_close(stream);
}

static void closing_a_stream_in_use_aborts(void **state)
{
    (void)state;
    open_pair();
    check_aborts(close_while_reading, NULL,
                 "green_stream_close: a greenlet is using the stream");
    close_pair();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(lines_come_one_by_one_with_their_newlines),
        green_test(the_last_line_may_lack_its_newline),
        green_test(a_line_that_comes_in_pieces_is_waited_for),
        green_test(a_line_may_contain_zeros),
        green_test(of_a_line_too_long_the_rest_can_be_read_on),
        green_test(a_line_may_fill_all_but_the_place_of_the_zero),
        green_test(a_line_may_be_longer_than_the_buffer),
        green_test(a_line_that_times_out_midway_is_not_lost),
        green_test(read_gives_what_the_buffer_has_before_it_waits),
        green_test(a_large_read_takes_what_there_is),
        green_test(read_all_waits_for_the_last_byte),
        green_test(what_is_written_waits_for_the_flush),
        green_test(close_flushes_and_leaves_the_descriptor_open),
        green_test(any_amount_can_be_written_in_its_order),
        green_test(a_text_may_be_longer_than_the_rest_of_the_buffer),
        green_test(a_flush_that_times_out_can_be_repeated),
        green_test(nobody_to_read_it_is_EPIPE),
        green_test(each_reader_gets_a_whole_line_in_turn),
        green_test(what_several_write_is_not_mixed),
        green_test(one_writes_while_another_waits_to_read),
        green_test(a_killed_greenlet_is_refused_whatever_is_buffered),
        green_test(closing_the_descriptor_ends_the_wait_for_a_line),
        green_test(arguments_nobody_could_mean_are_EINVAL),
        green_test(without_memory_nothing_is_changed),
        green_test(closing_a_stream_in_use_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

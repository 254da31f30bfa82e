/* SPDX-License-Identifier: MIT */
/* test_line.c - lines of reports. */
#include "support.h"

#include <string.h>
#include <unistd.h>
#include "line.h"
#include "sys.h"

static void a_line_is_put_together(void **state)
{
    struct line l = {.n = 0};

    (void)state;
    green__line_add(&l, "#%d ", 7);
    green__line_text(&l, "took ");
    green__line_number(&l, 12, 1);
    green__line_text(&l, ".");
    green__line_number(&l, 34, 3);
    green__line_text(&l, " ms, of ");
    green__line_number(&l, UINT64_MAX, 1);
    check_text(l.text, "#7 took 12.034 ms, of 18446744073709551615");
    check_equal(l.n, strlen(l.text));
}

static void what_does_not_fit_is_cut_off(void **state)
{
    struct line l = {.n = 0};

    (void)state;
    green__line_add(&l, "%0500d", 1);
    green__line_text(&l, "123456789");
    green__line_add(&l, "%s", "0123");
    check_equal(l.n, 511);
    check_text(l.text + 499, "112345678901");
    green__line_number(&l, 7, 1);
    green__line_add(&l, "%d", 7);
    green__line_text(&l, "x");
    check_equal(l.n, 511);
}

static ssize_t write_two(int fd, const void *bytes, size_t n)
{
    return write(fd, bytes, n < 2 ? n : 2);
}

static void a_line_is_written_whole_and_begun_anew(void **state)
{
    struct line l = {.n = 0};
    char got[16] = "";
    int fds[2];

    (void)state;
    make_pipe(fds);
    green__sys.write = write_two;
    green__line_text(&l, "hello\n");
    green__line_write(&l, fds[1]);
    green__line_text(&l, "you\n");
    green__line_write(&l, fds[1]);
    green__sys.write = write;
    check_equal(read(fds[0], got, sizeof got), 10);
    check_text(got, "hello\nyou\n");
    close_both(fds);
}

static void a_line_to_nowhere_is_dropped(void **state)
{
    struct line l = {.n = 0};

    (void)state;
    green__line_text(&l, "hello");
    green__line_write(&l, -1);
    check_equal(l.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        green_test(a_line_is_put_together),
        green_test(what_does_not_fit_is_cut_off),
        green_test(a_line_is_written_whole_and_begun_anew),
        green_test(a_line_to_nowhere_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

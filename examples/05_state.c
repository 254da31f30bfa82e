/* SPDX-License-Identifier: MIT */
/* 05 - State, value and failure.
 *
 * A greenlet can be asked whether it has started, has ended (is ready), and
 * has ended well.  It hands over a value by returning it, or fails with an
 * errno and a text.  A failure stays inside: only who asks for the value meets
 * it. */
#include <errno.h>
#include <green.h>
#include <stdio.h>

static void *find_answer(void *arg)
{
    green_yield(); /* think */
    return arg;
}

static void *find_page(void *arg)
{
    const int *page = arg;

    green_fail(ENOENT, "there is no page %d", *page);
}

static void show(const char *when, const green_t *g)
{
    printf("%-11s started %d  ready %d  successful %d\n", when,
           green_started(g), green_ready(g), green_successful(g));
}

int main(void)
{
    int answer = 42, page = 7;
    green_t *good = green_spawn(find_answer, &answer);
    green_t *bad = green_spawn(find_page, &page);
    void *value = NULL;

    if (!good || !bad) {
        perror("green_spawn");
        return 1;
    }
    show("spawned:", good);
    green_yield();
    show("thinking:", good);

    if (green_get(good, &value, GREEN_FOREVER) == 0)
        printf("the answer is %d\n", *(int *)value);
    show("done:", good);

    if (green_get(bad, &value, GREEN_FOREVER) != 0)
        printf("%s: %s\n", errno == ENOENT ? "ENOENT" : "another error",
               green_error_text(bad));
    show("failed:", bad);
    printf("kept: error %s, value %s\n",
           green_error(bad) == ENOENT ? "ENOENT" : "another",
           green_value(bad) ? "something" : "NULL");

    green_release(good);
    green_release(bad);
    return 0;
}

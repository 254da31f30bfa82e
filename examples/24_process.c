/* SPDX-License-Identifier: MIT */
/* 24 - Other programs.
 *
 * A process is started with what it reads and writes in pipes, in /dev/null or in
 * a descriptor of ours.  While one greenlet waits for it, the others run; and
 * that a program could not be run is known at once, with the reason. */
#include <errno.h>
#include <green.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

/* Feeding and reading at once, so that neither side waits for the other. */
static void sort_words(void)
{
    const char *const argv[] = {"sort", NULL};
    const green_process_options_t options = {.in = GREEN_PIPE,
                                             .out = GREEN_PIPE};
    green_process_t *p = green_process_start(argv, &options);
    char *sorted;
    size_t n;

    if (p && green_process_communicate(p, "pear\napple\nfig\n", 15, &sorted, &n,
                                       NULL, NULL, GREEN_FOREVER) == 0) {
        fwrite(sorted, 1, n, stdout);
        free(sorted);
    } else {
        perror("sort");
    }
    green_process_free(p);
}

static void *tick(void *p)
{
    for (int i = 1; i <= 3 && green_yield() == 0; i++)
        printf("tick %d\n", i);
    green_close(green_process_in(p)); /* the end of what it reads */
    return NULL;
}

/* The shell reads until tick closes its input. */
static void wait_and_tick(void)
{
    const char *const argv[] = {"sh", "-c", "read line; exit 3", NULL};
    const green_process_options_t options = {.in = GREEN_PIPE};
    green_process_t *p = green_process_start(argv, &options);
    int status = 0;

    if (p && green_go(tick, p) == 0 &&
        green_process_wait(p, &status, GREEN_FOREVER) == 0)
        printf("the shell exits with %d\n", WEXITSTATUS(status));
    else
        perror("sh");
    green_process_free(p);
}

int main(void)
{
    const char *const missing[] = {"/no/such/program", NULL};

    if (!green_process_start(missing, NULL) && errno == ENOENT)
        puts("there is no such program");
    sort_words();
    wait_and_tick();
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* escape.c - a patched program whose thread stops all the same; see test_patch.sh.
 *
 * fgetws is not patched.  The report of the patch library is to name it. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
#include <wchar.h>
#include <green.h>

static int report[2], input[2];

/* Not before the watchdog has seen it, however slow everything is. */
static void *write_late(void *arg)
{
    char byte;

    if (read(report[0], &byte, 1) == 1)
        (void)!write(input[1], "line\n", 5);
    return arg;
}

int main(void)
{
    pthread_t thread;
    wchar_t line[16];
    FILE *f;

    /* What the watchdog writes goes into a pipe. */
    if (pipe(report) != 0 || dup2(report[1], 2) < 0 || pipe(input) != 0 ||
        pthread_create(&thread, NULL, write_late, NULL) != 0 ||
        green_patch_all() != 0)
        return 1;
    f = fdopen(input[0], "r");
    green_watchdog(50 * GREEN_MS);
    if (!f || !fgetws(line, 16, f))
        return 1;
    green_watchdog(0);
    pthread_join(thread, NULL);
    fclose(f);
    green_patch_report(1);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* environment.c - layer 8: patching wished for from outside, with GREEN_PATCH.
 *
 * A program that was built without the patch library cannot call green_patch; it
 * is preloaded:
 *
 *     LD_PRELOAD=libgreen_patch.so GREEN_PATCH=all ./program
 *
 * Families are switched on before main, and no hub is made: threads that never
 * have one stay as they are. */
#include "environment.h"
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include "patch.h"

static void add_text(char **end, const char *text, size_t n)
{
    memcpy(*end, text, n);
    *end += n;
}

/* Who wrote it wants something, and would not get it. */
static void complain(const char *word, size_t n)
{
    static const char what[] = "libgreen: GREEN_PATCH: no such family: ";
    char line[100], *end = line;

    add_text(&end, what, sizeof what - 1);
    add_text(&end, word, n < 40 ? n : 40);
    add_text(&end, "\n", 1);
    green__call(SYS_write, 2, (long)line, end - line, 0, 0, 0);
}

static void report_at_exit(void)
{
    green_patch_report(2);
}

/* One word of the list: the families that it stands for. */
static unsigned families_of(const char *word, size_t n)
{
    unsigned family = green__family(word, n);

    if (family == 0 && n == 6 && memcmp(word, "report", n) == 0)
        atexit(report_at_exit);
    else if (family == 0 && n > 0)
        complain(word, n);
    return family;
}

void green__environment(void)
{
    const char *word = secure_getenv("GREEN_PATCH");
    unsigned wanted = 0;
    size_t n;

    for (; word; word = word[n] ? word + n + 1 : NULL) {
        n = strcspn(word, ",");
        wanted |= families_of(word, n);
    }
    if (wanted)
        green__patch_families(wanted);
}

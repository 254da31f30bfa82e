/* SPDX-License-Identifier: MIT */
/* 14 - Pools: many tasks, a few at a time.
 *
 * A pool is a group with room for only so many; who would add one more waits.
 * Map puts a whole array through it, and the results have the order of the
 * arguments.  Imap gives one result at a time, here in the order in which they
 * come, while the other tasks are still running. */
#include <errno.h>
#include <green.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static green_pool_t pool = GREEN_POOL_INIT(2);

/* The longer the word, the longer it takes. */
static void *count_letters(void *word)
{
    size_t n = 0;

    printf("  %s: %zu in the pool\n", (char *)word, green_pool_size(&pool));
    while (n < strlen(word) && green_yield() == 0)
        n++;
    return (void *)(uintptr_t)n;
}

int main(void)
{
    char hippo[] = "hippopotamus", ox[] = "ox", hen[] = "hen";
    void *words[] = {hippo, ox, hen}, *lengths[3], *length;
    green_imap_t *i;

    puts("map:");
    if (green_pool_map(&pool, count_letters, words, lengths, 3,
                       GREEN_FOREVER) != 0) {
        perror("green_pool_map");
        return 1;
    }
    for (int k = 0; k < 3; k++)
        printf("%s has %d letters\n", (char *)words[k],
               (int)(uintptr_t)lengths[k]);

    puts("imap:");
    i = green_imap_start(&pool, count_letters, words, 3, 0,
                         GREEN_IMAP_UNORDERED);
    while (green_imap_next(i, &length, GREEN_FOREVER) == 0)
        printf("a word has %d letters\n", (int)(uintptr_t)length);
    puts(errno == EPIPE ? "that was all" : "that went wrong");
    green_imap_end(i);
    green_pool_destroy(&pool);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* 16 - Groups and pools.
 *
 * A group holds all its members together: one join waits for them, one kill
 * ends them, and the first failure is kept.  A pool is a group that lets only
 * so many run at once.  Map puts a whole array through it and keeps the order;
 * imap gives each result as soon as it can. */
#include <errno.h>
#include <green.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static green_group_t crew = GREEN_GROUP_INIT;
static green_pool_t pool = GREEN_POOL_INIT(2);

static void *paddle(void *name)
{
    for (int stroke = 1; stroke <= 3 && green_yield() == 0; stroke++)
        printf("%s: stroke %d\n", (char *)name, stroke);
    return NULL;
}

static void *give_up(void *name)
{
    green_fail(EIO, "%s is tired", (char *)name);
}

/* The longer the word, the longer it takes. */
static void *count_letters(void *word)
{
    size_t n = 0;

    printf("%s: %zu in the pool\n", (char *)word, green_pool_size(&pool));
    while (n < strlen(word) && green_yield() == 0)
        n++;
    return (void *)(uintptr_t)n;
}

int main(void)
{
    char ann[] = "ann", bob[] = "bob", cat[] = "cat";
    char hippo[] = "hippopotamus", ox[] = "ox", hen[] = "hen", asp[] = "asp";
    void *words[] = {hippo, ox, hen, asp}, *lengths[4], *length;
    green_imap_t *i;

    if (!green_group_spawn(&crew, paddle, ann) ||
        !green_group_spawn(&crew, give_up, bob) ||
        !green_group_spawn(&crew, paddle, cat) ||
        green_group_join(&crew, GREEN_FOREVER) != 0) {
        perror("16_pool");
        return 1;
    }
    printf("all are home; the first failure: %s\n",
           green_group_error(&crew) == EIO ? "EIO" : "none");
    green_group_destroy(&crew);

    if (green_pool_map(&pool, count_letters, words, lengths, 4,
                       GREEN_FOREVER) == 0)
        for (int k = 0; k < 4; k++)
            printf("%s has %d letters\n", (char *)words[k],
                   (int)(intptr_t)lengths[k]);

    i = green_imap_start(&pool, count_letters, words, 4, 0,
                         GREEN_IMAP_UNORDERED);
    while (green_imap_next(i, &length, GREEN_FOREVER) == 0)
        printf("a word has %d letters\n", (int)(intptr_t)length);
    printf("%s\n", errno == EPIPE ? "that was all" : "that went wrong");
    green_imap_end(i);
    green_pool_destroy(&pool);
    return 0;
}

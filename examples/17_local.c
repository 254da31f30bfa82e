/* SPDX-License-Identifier: MIT */
/* 17 - Values of one's own.
 *
 * A local is a variable of which each greenlet has its own, NULL at first:
 * what a thread-local variable is to threads.  Here it is the session of a
 * user, which functions deep inside find without being passed it.  The
 * destructor is called when the greenlet ends. */
#include <errno.h>
#include <green.h>
#include <stdio.h>
#include <stdlib.h>

struct session {
    const char *user;
    int pages;
};

static void end_session(void *value)
{
    const struct session *s = value;

    printf("%s leaves after %d pages\n", s->user, s->pages);
    free(value);
}

static green_local_t session = GREEN_LOCAL_INIT(end_session);

static void show_page(const char *page)
{
    struct session *s = green_local_get(&session);

    if (!s) {
        printf("somebody may not see %s\n", page);
        return;
    }
    s->pages++;
    printf("%s sees %s\n", s->user, page);
}

static void *visit(void *user)
{
    struct session *s = malloc(sizeof *s);

    if (!s)
        green_fail(ENOMEM, "no memory for a session");
    *s = (struct session){.user = user};
    if (green_local_set(&session, s) != 0) {
        free(s);
        green_fail(errno, "no memory for a local");
    }
    show_page("the news");
    green_yield();
    show_page("the weather");
    return NULL;
}

int main(void)
{
    char ann[] = "ann", bob[] = "bob";
    green_t *all[] = {green_spawn(visit, ann), green_spawn(visit, bob)};

    if (!all[0] || !all[1] || green_joinall(all, 2, GREEN_FOREVER) != 0) {
        perror("17_local");
        return 1;
    }
    green_releaseall(all, 2);
    show_page("the news");
    return 0;
}

/* SPDX-License-Identifier: MIT */
/* launch.c - layer 7: what is made ready before a process can be started.
 *
 * The child may neither allocate nor search, so the places where its program
 * may be are listed here.
 *
 * Descriptors that the library made do not block, of which programs know nothing:
 * those that the child gets are made to, which does not matter to us. */
#include "launch.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include "hub.h"

/* ---- where the program may be ---- */

static size_t count_places(const char *path)
{
    size_t n = 1;

    for (; *path; path++)
        n += *path == ':';
    return n;
}

/* An empty place is the current directory.  Returns the end of what it wrote. */
static char *add_place(char *to, const char *place, size_t length,
                       const char *name)
{
    memcpy(to, place, length);
    to += length;
    if (length > 0)
        *to++ = '/';
    return (char *)memcpy(to, name, strlen(name) + 1) + strlen(name) + 1;
}

/* name in each of the places of path, in their order; NULL with ENOMEM. */
static char **list_places(const char *path, const char *name)
{
    size_t n = count_places(path), length, i;
    size_t text = strlen(path) + n * (strlen(name) + 2);
    char **paths = green__sys.malloc((n + 1) * sizeof *paths + text);
    char *to = paths ? (char *)(paths + n + 1) : NULL;

    for (i = 0; paths && i < n; i++) {
        length = strcspn(path, ":");
        paths[i] = to;
        to = add_place(to, path, length, name);
        path += length + 1;
    }
    if (paths)
        paths[n] = NULL;
    return paths;
}

/* As execvp does: a name with a slash is no matter of PATH. */
static char **list_paths(const char *name)
{
    const char *path = green__sys.getenv("PATH");

    if (strchr(name, '/') || !*name)
        path = "";
    else if (!path)
        path = "/bin:/usr/bin";
    return list_places(path, name);
}

/* ---- its descriptors ---- */

static int set_blocking(int fd)
{
    int flags = green__sys.get_flags(fd);

    if (flags < 0 || !(flags & O_NONBLOCK))
        return flags < 0 ? -1 : 0;
    return green__sys.set_flags(fd, flags & ~O_NONBLOCK);
}

/* Ours is the end that the child does not have: of its input, the one to write
 * to. */
static int open_pipe(struct launch *l, struct green_hub *h, int i)
{
    int fds[2], our = i == 0 ? 1 : 0;

    if (green__sys.pipe(fds) != 0)
        return -1;
    l->ours[i] = fds[our];
    l->plan.fds[i] = l->theirs[i] = fds[!our];
    green__fd_born(h, fds[our], false);
    return set_blocking(l->theirs[i]);
}

static int pass_descriptor(struct launch *l, struct green_hub *h, int i, int fd)
{
    const struct fd_state *s = green__fd(h, fd);

    l->plan.fds[i] = fd;
    return s && s->ours ? set_blocking(fd) : 0;
}

static int open_descriptor(struct launch *l, struct green_hub *h, int i,
                           int wish)
{
    if (wish == 0)
        return 0;
    if (wish > 0)
        return pass_descriptor(l, h, i, wish - 1);
    if (wish == GREEN_PIPE)
        return open_pipe(l, h, i);
    if (wish == GREEN_NULL) {
        l->plan.fds[i] = SPAWN_NULL;
        return 0;
    }
    if (wish == GREEN_OUT && i == 2) {
        l->plan.fds[2] = l->plan.fds[1] == SPAWN_INHERIT ? 1 : l->plan.fds[1];
        return 0;
    }
    errno = EINVAL;
    return -1;
}

static int open_descriptors(struct launch *l, struct green_hub *h,
                            const green_process_options_t *o)
{
    const int wishes[3] = {o->in, o->out, o->err};
    int i;

    for (i = 0; i < 3; i++)
        if (open_descriptor(l, h, i, wishes[i]) < 0)
            return -1;
    return 0;
}

/* ---- all of it ---- */

static void close_all(int fds[3])
{
    int i;

    for (i = 0; i < 3; i++) {
        if (fds[i] >= 0)
            green_close(fds[i]);
        fds[i] = -1;
    }
}

/* errno stays. */
void green__launch_close(struct launch *l)
{
    int saved_errno = errno;

    close_all(l->theirs);
    green__sys.free(l->paths);
    errno = saved_errno;
}

void green__launch_abandon(struct launch *l)
{
    int saved_errno = errno;

    close_all(l->ours);
    errno = saved_errno;
    green__launch_close(l);
}

/* The types of exec promise more than they keep: nothing is written to. */
static char *const *strings(const char *const *array)
{
    return (char *const *)(uintptr_t)array;
}

int green__launch_open(struct launch *l, struct green_hub *h,
                       const char *const *argv,
                       const green_process_options_t *options)
{
    int i;

    memset(l, 0, sizeof *l);
    for (i = 0; i < 3; i++) {
        l->ours[i] = l->theirs[i] = -1;
        l->plan.fds[i] = SPAWN_INHERIT;
    }
    l->plan.argv = strings(argv);
    l->plan.environment = strings(options->environment);
    l->plan.directory = options->directory;
    l->plan.new_session = options->new_session;
    l->plan.paths = l->paths = list_paths(argv[0]);
    if (l->paths && open_descriptors(l, h, options) == 0)
        return 0;
    green__launch_abandon(l);
    return -1;
}

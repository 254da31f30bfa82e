/* SPDX-License-Identifier: MIT */
/* beneath.c - open a file below a directory, and never one that is not.
 *
 * The system itself is told not to leave the directory while it follows the
 * path (openat2, RESOLVE_BENEATH): there is no moment between a check and its
 * use, and symbolic links that stay inside work.  A system that cannot do that
 * goes name by name, through no symbolic link at all. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "connection.h"

#define FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define NAME_ROOM 256

/* Open one name, of `length` bytes, in a directory. */
static int open_name(int directory, const char *name, size_t length, int flags)
{
    char copy[NAME_ROOM];

    if (length >= sizeof copy) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(copy, name, length);
    copy[length] = '\0';
    if (strcmp(copy, "..") == 0) {
        errno = EXDEV;
        return -1;
    }
    return openat(directory, length > 0 ? copy : ".", flags | O_NOFOLLOW);
}

static int open_by_name(int root, const char *path)
{
    int fd = root, next;
    size_t length;

    for (;;) {
        length = strcspn(path, "/");
        if (path[length])
            next =
                open_name(fd, path, length, O_PATH | O_DIRECTORY | O_CLOEXEC);
        else
            next = open_name(fd, path, length, FLAGS);
        if (fd != root)
            close(fd);
        if (next < 0 || !path[length])
            return next;
        fd = next;
        path += length + 1;
    }
}

int http__open_beneath(int root, const char *path)
{
    struct open_how how = {
        .flags = FLAGS,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);

    return fd < 0 && errno == ENOSYS ? open_by_name(root, path) : fd;
}

/* SPDX-License-Identifier: MIT */
/* file.c - layer 7: regular files.
 *
 * For a file, poll always says ready, and then the disk takes its time.  What
 * the kernel cannot answer from memory is therefore asked in a thread, with
 * memory of its own: the greenlet may be killed and leave, while the system
 * call cannot be called back.  A duplicate of the descriptor keeps it from being
 * another file's by the time the thread comes to it.
 *
 * GREEN_FILES=plain in the environment makes plain calls of all that, which
 * stop the thread but save the way to another. */
#include "file.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "offload.h"
#include "sys.h"

#define LARGEST_PIECE (1 << 20)

struct file_call {
    int fd;
    bool is_duplicate; /* of the caller's */
    bool writes;
    off_t offset; /* -1: where the file stands */
    size_t size;
    ssize_t result;
    int error;
    char data[];
};

static ssize_t call_now(const struct file_call *c, void *data)
{
    if (c->writes)
        return c->offset < 0
                   ? green__sys.write(c->fd, data, c->size)
                   : green__sys.pwrite(c->fd, data, c->size, c->offset);
    return c->offset < 0 ? green__sys.read(c->fd, data, c->size)
                         : green__sys.pread(c->fd, data, c->size, c->offset);
}

/* In a thread. */
static void *run_call(void *arg)
{
    struct file_call *c = arg;

    do {
        c->result = call_now(c, c->data);
    } while (c->result < 0 && errno == EINTR);
    c->error = errno;
    return NULL;
}

static void free_call(void *arg)
{
    struct file_call *c = arg;

    if (c->is_duplicate)
        green__sys.close(c->fd);
    green__sys.free(c);
}

static size_t piece_size(const struct iovec *iov, int n)
{
    size_t size = 0;

    for (; n > 0 && size < LARGEST_PIECE; n--)
        size += iov++->iov_len;
    return size < LARGEST_PIECE ? size : LARGEST_PIECE;
}

static struct file_call *make_call(int fd, const struct iovec *iov, int n,
                                   off_t offset)
{
    size_t size = piece_size(iov, n);
    struct file_call *c = green__sys.malloc(sizeof *c + size);
    int duplicate;

    if (!c)
        return NULL;
    duplicate = green__sys.duplicate(fd);
    c->is_duplicate = duplicate >= 0;
    c->fd = c->is_duplicate ? duplicate : fd;
    c->writes = false;
    c->offset = offset;
    c->size = size;
    return c;
}

/* Copy between the call's memory, of `left` bytes, and the caller's. */
static void copy_data(char *data, const struct iovec *iov, size_t left, bool in)
{
    size_t n;

    for (; left > 0; iov++, data += n, left -= n) {
        n = iov->iov_len < left ? iov->iov_len : left;
        if (in)
            memcpy(data, iov->iov_base, n);
        else
            memcpy(iov->iov_base, data, n);
    }
}

static ssize_t finish_call(struct file_call *c, const struct iovec *iov)
{
    ssize_t result;
    void *nothing;

    if (green__offload(&green__file_lane, run_call, c, free_call, &nothing,
                       GREEN_FOREVER) < 0)
        return -1;
    result = c->result;
    if (result > 0 && !c->writes)
        copy_data(c->data, iov, (size_t)result, false);
    errno = c->error;
    free_call(c);
    return result;
}

static bool wants_plain_calls(void)
{
    const char *wish = green__sys.getenv("GREEN_FILES");

    return wish && strcmp(wish, "plain") == 0;
}

static ssize_t call_plainly(int fd, const struct iovec *iov, bool writes,
                            off_t offset)
{
    struct file_call c = {
        .fd = fd, .writes = writes, .offset = offset, .size = iov->iov_len};

    return call_now(&c, iov->iov_base);
}

static ssize_t file_call(int fd, const struct iovec *iov, int n, off_t offset,
                         bool writes)
{
    struct file_call *c;

    while (n > 1 && iov->iov_len == 0) {
        iov++;
        n--;
    }
    if (wants_plain_calls())
        return call_plainly(fd, iov, writes, offset);
    c = make_call(fd, iov, n, offset);
    if (!c)
        return -1;
    c->writes = writes;
    if (writes)
        copy_data(c->data, iov, c->size, true);
    return finish_call(c, iov);
}

ssize_t green__file_read(int fd, const struct iovec *iov, int n, off_t offset)
{
    return file_call(fd, iov, n, offset, false);
}

ssize_t green__file_write(int fd, const struct iovec *iov, int n, off_t offset)
{
    return file_call(fd, iov, n, offset, true);
}

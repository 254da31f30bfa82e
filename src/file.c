/* SPDX-License-Identifier: MIT */
/* file.c - layer 7: regular files.
 *
 * For a file, poll always says ready, and then the disk takes its time.  What
 * the kernel cannot answer from memory is therefore asked in a thread, with
 * memory of its own: the greenlet may be killed and leave, while the system
 * call cannot be called back.  A duplicate of the descriptor keeps it from being
 * another file's by the time the thread comes to it.
 *
 * With GREEN_FILES=uring in the environment the kernel is asked to do it
 * meanwhile, where it takes such orders.  GREEN_FILES=plain makes plain calls of
 * all that, which stop the thread but save the way to another. */
#include "file.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "offload.h"
#include "sys.h"
#include "uring.h"

#define LARGEST_PIECE (1 << 20)

struct file_call {
    struct uring_job job; /* what is to be done, in whatever way; first */
    bool is_duplicate;    /* job.fd, of the caller's */
    char data[];
};

static ssize_t call_now(const struct uring_job *j)
{
    if (j->writes)
        return j->offset < 0
                   ? green__sys.write(j->fd, j->data, j->size)
                   : green__sys.pwrite(j->fd, j->data, j->size, j->offset);
    return j->offset < 0 ? green__sys.read(j->fd, j->data, j->size)
                         : green__sys.pread(j->fd, j->data, j->size, j->offset);
}

/* In a thread. */
static void *run_call(void *arg)
{
    struct uring_job *j = arg;

    do {
        j->result = call_now(j);
    } while (j->result < 0 && errno == EINTR);
    if (j->result < 0)
        j->result = -errno;
    return NULL;
}

static void free_call(void *arg)
{
    struct file_call *c = arg;

    if (c->is_duplicate)
        green__sys.close(c->job.fd);
    green__sys.free(c);
}

static void drop_call(struct uring_job *job)
{
    free_call(job);
}

static size_t piece_size(const struct iovec *iov, int n)
{
    size_t size = 0;

    for (; n > 0 && size < LARGEST_PIECE; n--)
        size += iov++->iov_len;
    return size < LARGEST_PIECE ? size : LARGEST_PIECE;
}

static struct file_call *make_call(int fd, const struct iovec *iov, int n,
                                   off_t offset, bool writes)
{
    size_t size = piece_size(iov, n);
    struct file_call *c = green__sys.malloc(sizeof *c + size);

    if (!c)
        return NULL;
    memset(c, 0, sizeof *c);
    c->job.fd = fd;
    c->job.writes = writes;
    c->job.offset = offset;
    c->job.data = c->data;
    c->job.size = size;
    c->job.drop = drop_call;
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

static int run_in_thread(struct file_call *c)
{
    int duplicate = green__sys.duplicate(c->job.fd);
    void *nothing;

    c->is_duplicate = duplicate >= 0;
    if (c->is_duplicate)
        c->job.fd = duplicate;
    return green__offload(&green__file_lane, run_call, c, free_call, &nothing,
                          GREEN_FOREVER);
}

/* As the environment wishes. */
enum way { IN_THREAD, BY_URING, PLAINLY };

static enum way wished_way(void)
{
    const char *wish = green__sys.getenv("GREEN_FILES");

    if (wish && strcmp(wish, "plain") == 0)
        return PLAINLY;
    return wish && strcmp(wish, "uring") == 0 ? BY_URING : IN_THREAD;
}

/* Otherwise c is not ours any more. */
static bool has_run(struct file_call *c, enum way way)
{
    if (way == BY_URING) {
        if (green__uring_run(&c->job) == 0)
            return true;
        if (errno != EOPNOTSUPP)
            return false;
    }
    return run_in_thread(c) == 0;
}

static ssize_t call_meanwhile(struct file_call *c, const struct iovec *iov,
                              enum way way)
{
    ssize_t result;

    if (!has_run(c, way))
        return -1;
    result = c->job.result;
    if (result > 0 && !c->job.writes)
        copy_data(c->data, iov, (size_t)result, false);
    free_call(c);
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

static ssize_t file_call(int fd, const struct iovec *iov, int n, off_t offset,
                         bool writes)
{
    enum way way = wished_way();
    struct file_call *c;

    while (n > 1 && iov->iov_len == 0) {
        iov++;
        n--;
    }
    if (way == PLAINLY)
        return call_now(&(struct uring_job){.fd = fd,
                                            .writes = writes,
                                            .offset = offset,
                                            .data = iov->iov_base,
                                            .size = iov->iov_len});
    c = make_call(fd, iov, n, offset, writes);
    if (!c)
        return -1;
    if (writes)
        copy_data(c->data, iov, c->job.size, true);
    return call_meanwhile(c, iov, way);
}

ssize_t green__file_read(int fd, const struct iovec *iov, int n, off_t offset)
{
    return file_call(fd, iov, n, offset, false);
}

ssize_t green__file_write(int fd, const struct iovec *iov, int n, off_t offset)
{
    return file_call(fd, iov, n, offset, true);
}

/* SPDX-License-Identifier: MIT */
/* sender.c - frames go out, whole, from any greenlet.
 *
 * A frame that was begun has to be completed, since its length was told.  If
 * that fails the connection is of no use: both directions are shut down, which
 * also ends the wait of the greenlet that reads. */
#include "frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define RATE_MIN (64 * 1024) /* bytes a second of a long frame */

static int fail(int error)
{
    errno = error;
    return -1;
}

/* Write all: how many bytes went out before it failed, or all of them. */
static size_t write_pieces(int fd, struct iovec iov[2])
{
    size_t done = 0, n;
    ssize_t r;

    while (iov[0].iov_len + iov[1].iov_len > 0) {
        r = green_writev(fd, iov, 2);
        if (r < 0)
            break;
        done += (size_t)r;
        for (int i = 0; i < 2; i++) {
            n = (size_t)r < iov[i].iov_len ? (size_t)r : iov[i].iov_len;
            if (n > 0) /* an empty message may be at NULL */
                iov[i].iov_base = (char *)iov[i].iov_base + n;
            iov[i].iov_len -= n;
            r -= (ssize_t)n;
        }
    }
    return done;
}

/* A kill before the first byte spoils nothing: the close frame can still be
 * sent, under a shield. */
static int put_frame(ws_t *ws, int opcode, const void *data, size_t n)
{
    int64_t patience = ws->options.send_timeout;
    uint8_t head[FRAME_HEAD_MAX];
    size_t size = ws__put_head(head, opcode, n), done;
    struct iovec iov[2] = {
        {.iov_base = head, .iov_len = size},
        {.iov_base = (void *)(uintptr_t)data, .iov_len = n},
    };
    green_scope_t scope;
    int error;

    patience += (int64_t)(n / RATE_MIN) * GREEN_SEC;
    green_timeout_begin(&scope, patience);
    done = write_pieces(ws->fd, iov);
    error = errno;
    if (green_scope_end(&scope))
        error = ETIME;
    if (done == size + n)
        return 0;
    if (done > 0 || (error != ECANCELED && error != ETIMEDOUT)) {
        ws->broken = error;
        green_shutdown(ws->fd, SHUT_RDWR);
    }
    return fail(error);
}

int ws__send(ws_t *ws, int opcode, const void *data, size_t n)
{
    int rc, error;

    if (green_mutex_lock(&ws->sending, GREEN_FOREVER) != 0)
        return -1;
    if (ws->broken || ws->closing)
        rc = fail(EPIPE);
    else
        rc = put_frame(ws, opcode, data, n);
    if (opcode == FRAME_CLOSE && rc == 0)
        ws->closing = true;
    error = errno;
    green_mutex_unlock(&ws->sending);
    return rc == 0 ? 0 : fail(error);
}

int ws__send_close(ws_t *ws, int code, const char *reason)
{
    char payload[FRAME_CONTROL_MAX] = {(char)(code >> 8), (char)(code & 0xff)};
    size_t n = reason ? strlen(reason) : 0;

    if (code == 0)
        return ws__send(ws, FRAME_CLOSE, NULL, 0);
    memcpy(payload + 2, reason ? reason : "", n);
    return ws__send(ws, FRAME_CLOSE, payload, 2 + n);
}

int ws_send(ws_t *ws, int type, const void *data, size_t n)
{
    if (type != WS_TEXT && type != WS_BINARY)
        return fail(EINVAL);
    return ws__send(ws, type, data, n);
}

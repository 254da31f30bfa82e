/* SPDX-License-Identifier: MIT */
/* websocket.h - WebSocket (RFC 6455) on the server of http.h.
 *
 *     static int echo(http_request_t *r, void *arg)
 *     {
 *         ws_t *ws = ws_accept(r, NULL);
 *         void *message;
 *         ssize_t n;
 *         int type;
 *
 *         if (!ws)
 *             return 0;
 *         while ((n = ws_read(ws, &message, &type, GREEN_FOREVER)) >= 0)
 *             if (ws_send(ws, type, message, (size_t)n) < 0)
 *                 break;
 *         ws_free(ws);
 *         return 0;
 *     }
 *
 * The handler of the request is the one that reads.  Any greenlet may send, and
 * messages stay whole; any may close.  Pings are answered, fragments put
 * together, and the end is agreed on while somebody reads.  Extensions such as
 * compression are not offered.
 *
 * Integer functions return 0, or -1 with errno.  Every call that may wait fails
 * with ECANCELED when its greenlet was killed, and with ETIMEDOUT when a scope
 * around it has expired. */
#ifndef EXAMPLES_WEBSOCKET_H
#define EXAMPLES_WEBSOCKET_H
#include "http.h"

/* What a message is.  Text is UTF-8, which is checked of what comes. */
#define WS_TEXT 1
#define WS_BINARY 2

/* Why a connection ends: what the page of the browser gets as event.code. */
#define WS_NORMAL 1000
#define WS_GOING_AWAY 1001   /* the server stops, or the page is left */
#define WS_PROTOCOL 1002     /* a frame that cannot be */
#define WS_NO_CODE 1005      /* closed without saying why; never sent */
#define WS_LOST 1006         /* it just ended; never sent */
#define WS_NOT_UTF8 1007     /* text that is none */
#define WS_POLICY 1008       /* for any other reason */
#define WS_TOO_LARGE 1009    /* a message over message_max */
#define WS_SERVER_ERROR 1011 /* memory is short */

/* All zero: the defaults.  Set fields by name, since more may follow. */
typedef struct ws_options {
    size_t message_max;    /* bytes of a message; 1 MiB */
    int64_t ping_interval; /* ask a silent peer after this; 30 s */
    int64_t ping_timeout;  /* ... which has so long to answer; 15 s */
    int64_t send_timeout;  /* to take a frame; 64 KiB/s more for long ones; 20 s */
    int64_t close_timeout; /* for its answer to our close; 3 s */
    int send_buffer;       /* bytes for the system to keep; 0: as it likes */
    bool any_origin;       /* pages of other sites may connect, too */
} ws_options_t;

/* One end of a WebSocket. */
typedef struct ws ws_t;

/* Accept a request for a WebSocket, or answer why not.
 *
 * Refused are what is no such request (400; 426 if it is a plain one or of a
 * version other than 13), and what comes from another site's page (403), see
 * ws_same_origin.
 *
 * Returns the socket, which the handler frees with ws_free before it returns,
 * or NULL: the request has been answered, and there is nothing left to do. */
ws_t *ws_accept(http_request_t *r, const ws_options_t *options);

/* Does this request come from a page of this host, or from no page at all?
 * Browsers send Origin with what pages may ask of other hosts unseen. */
bool ws_same_origin(const http_request_t *r);

/* Read the next message; only the handler may.
 *
 * *message is n bytes and a 0 behind them, good until the next call.  If the
 * time is up nothing is lost: half a message is kept.
 *
 * Returns its length, which may be 0, or -1 with errno:
 *     EPIPE      the end was agreed on: ws_code tells why;
 *     ECONNRESET the peer has gone without a word;
 *     ETIME      the peer is dead: it answers no ping, or takes nothing;
 *     EPROTO     it broke the protocol, or text was not UTF-8;
 *     EMSGSIZE   a message is too large;
 *     ENOMEM     no memory for it;
 *     ETIMEDOUT  no message came in time;
 *     other      as green_read.
 * But for ETIMEDOUT and ECANCELED it will fail again; in the last cases the
 * peer has been told. */
ssize_t ws_read(ws_t *ws, void **message, int *type, int64_t timeout);

/* Send a message; it waits until the system has taken all of it.
 *
 * Returns 0, or -1 with errno:
 *     EPIPE      the connection is closed, or being closed;
 *     ETIME      the peer takes nothing, and was given up;
 *     EINVAL     type is neither WS_TEXT nor WS_BINARY;
 *     other      as green_write.
 * If it fails in the midst of a message the connection is lost. */
int ws_send(ws_t *ws, int type, const void *data, size_t n);

/* Close: say so, with a code and a reason (up to 123 bytes of UTF-8, or NULL),
 * and wait until the peer has answered.  Closing again waits, too.
 *
 * Code is one of the above that may be sent, or from 3000 to 4999.  When this
 * returns nothing more can be read or sent.
 *
 * Returns 0 if the peer has answered, or -1 with errno:
 *     ETIME      it has not in time, and was given up;
 *     EINVAL     no such code, or no such reason; nothing was done;
 *     other      as ws_read and ws_send. */
int ws_close(ws_t *ws, int code, const char *reason);

/* Why it has ended: the code that the peer has sent, or WS_NO_CODE, WS_LOST,
 * or what it was told of its fault; 0 while it has not.  *reason, unless reason
 * is NULL, is the peer's, or "". */
int ws_code(const ws_t *ws, const char **reason);

/* Free it; only the handler may, when nobody else will use it any more. */
void ws_free(ws_t *ws);

/* Are these bytes UTF-8? */
bool ws_is_utf8(const void *data, size_t n);

#endif

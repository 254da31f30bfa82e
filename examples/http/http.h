/* SPDX-License-Identifier: MIT */
/* http.h - a small HTTP/1.1 server on libgreen.
 *
 *     static int hello(http_request_t *r, void *arg)
 *     {
 *         return http_reply(r, 200, "text/plain", "hello\n", 6);
 *     }
 *
 *     http_server_t *s = http_server_start(":8080", hello, NULL, NULL);
 *
 * Each connection has a greenlet, in which the handler is called for one
 * request after the other.  The handler is plain code: it may wait as long as
 * it likes, for anything, and reads and writes as if it were alone.
 *
 * How a handler answers:
 *
 *     all at once     http_reply
 *     bit by bit      http_begin, http_write..., http_end
 *     with a file     http_files, or http_file
 *     a fault         http_error
 *     another protocol on the same connection    http_upgrade
 *
 * Before that it may read the body of the request with http_read, piece by
 * piece; what it leaves is dropped.
 *
 * Integer functions return 0, or -1 with errno.  Every call that may wait fails
 * with ECANCELED when the greenlet was killed (the server is stopping), and
 * with ETIMEDOUT when a scope of the handler's has expired.  All calls on a
 * request belong to the greenlet of its handler. */
#ifndef EXAMPLES_HTTP_H
#define EXAMPLES_HTTP_H
#include <green.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- requests ---- */

typedef struct http_header {
    const char *name, *value; /* blanks around the value are gone */
} http_header_t;

/* A request.  Texts live until the handler returns. */
typedef struct http_request {
    const char *method; /* GET HEAD POST PUT PATCH DELETE OPTIONS */
    const char *path;   /* begins with '/', percent signs decoded; or "*" */
    const char *query;  /* what follows '?', as it came; or "" */
    int minor;          /* HTTP/1.minor: 0 or 1 */
    size_t n_headers;
    const http_header_t *headers;           /* in the order they came */
    struct http_connection *connection;     /* private */
} http_request_t;

/* What answers a request.  It returns 0, or -1 if it could not do it; so
 * `return http_reply(…)` is fine.  If it has not begun to answer the server does:
 * with what a failed http_read deserves, or 500.  If it has begun, and not
 * ended, 0 ends the answer and -1 breaks the connection, so that the client
 * knows.  A handler must return; it may not leave by green_exit. */
typedef int http_handler_t(http_request_t *r, void *arg);

/* The value of the first header of this name, in any case; or NULL. */
const char *http_header(const http_request_t *r, const char *name);

/* Is this word in the list that all headers of this name make?  As in
 * http_header_has(r, "Connection", "upgrade"); the case does not matter. */
bool http_header_has(const http_request_t *r, const char *name,
                     const char *word);

/* Copy a parameter of the query, decoded, with a 0 behind it.
 *
 * Returns its length, or -1 with errno:
 *     ENOENT     there is no such parameter;
 *     EMSGSIZE   it is longer than room - 1;
 *     EINVAL     its percent signs make no sense, or a 0. */
ssize_t http_query(const http_request_t *r, const char *name, char *value,
                   size_t room);

/* Read of the body what there is, at least one byte and at most n.
 *
 * A client that waits to be asked for the body (100-continue) is asked by the
 * first call.  What was written of the answer is sent before this waits.
 *
 * Returns the number of bytes, 0 at the end, or -1 with errno:
 *     EMSGSIZE   the body is longer than body_max (413);
 *     EBADMSG    its chunks make no sense (400);
 *     ETIME      the client is too slow (408);
 *     ECONNRESET it has gone;
 *     other      as green_read.
 * Having failed it fails again; the connection will be closed. */
ssize_t http_read(http_request_t *r, void *buffer, size_t n);

/* ---- answers ---- */

/* Have a header in the answer, which must not have begun.
 *
 * Returns 0, or -1 with errno:
 *     EINVAL     a character that cannot stand there, such as a newline; or a
 *                name that is the server's: Content-Length, Transfer-Encoding,
 *                Connection, Date;
 *     ENOBUFS    there is no more room (HTTP_ADDED_MAX bytes in all);
 *     EALREADY   the answer has begun. */
int http_set_header(http_request_t *r, const char *name, const char *value);

/* Answer with n bytes of this type; type may be NULL if there is no body. */
int http_reply(http_request_t *r, int status, const char *type,
               const void *body, size_t n);

/* Answer with a status, 400 to 599, and a line of text that says it. */
int http_error(http_request_t *r, int status);

/* Answer by sending the client to another place.  The location is a path, not
 * encoded yet, that begins with one '/'. */
int http_redirect(http_request_t *r, int status, const char *path);

/* Begin an answer of `length` bytes; of unknown length if that is -1.
 *
 * To a HEAD request the answer has no body, and writes are dropped: handlers
 * need not know.
 *
 * Returns 0, or -1 with errno:
 *     EALREADY   the answer has begun already;
 *     EINVAL     no such status, or a type with a newline;
 *     other      as http_write. */
int http_begin(http_request_t *r, int status, const char *type, int64_t length);

/* Write a piece of the answer.  Small pieces are collected; see http_flush.
 *
 * Returns 0, or -1 with errno:
 *     EOVERFLOW  more than the length that was promised;
 *     ETIME      the client reads too slowly;
 *     EINVAL     the answer has not begun, or has ended;
 *     other      as green_write. */
int http_write(http_request_t *r, const void *data, size_t n);

/* Write text as printf, up to 2047 bytes of it (longer: EMSGSIZE). */
__attribute__((format(printf, 2, 3)))
int http_printf(http_request_t *r, const char *format, ...);

/* Send what was written and not sent yet. */
int http_flush(http_request_t *r);

/* End the answer, and send what is left of it. */
int http_end(http_request_t *r);

/* Leave HTTP: answer 101, and have the connection for yourself.
 *
 * `protocol` is what the Upgrade header of the answer says; others can be set
 * before.  What the client has sent already after its request is in *early (n
 * bytes, until the handler returns); the rest is read from the descriptor.
 * When the handler returns the server closes it.
 *
 * Returns the descriptor, or -1 with errno:
 *     EINVAL     the request has a body, or is of HTTP/1.0;
 *     other      as http_begin. */
int http_upgrade(http_request_t *r, const char *protocol, const void **early,
                 size_t *n);

/* The address of the client, as text: "127.0.0.1", or "" if it has none. */
void http_peer(const http_request_t *r, char *text, size_t room);

/* Is the server being stopped?  Long answers may want to end well. */
bool http_stopping(const http_request_t *r);

/* ---- handlers that are there ---- */

/* A table of handlers by method and path, which ends with a NULL path.  A path
 * that ends with '*' stands for all that begin so.  The first match counts; a
 * wider path does not make up for a method that the narrower one lacks. */
typedef struct http_route {
    const char *method; /* "GET" is for HEAD, too; NULL is for all */
    const char *path;
    http_handler_t *handler;
    void *arg;
} http_route_t;

/* A handler: `routes` is a table of http_route_t.  404 if no path matches, 405
 * if only the method does not. */
int http_routes(http_request_t *r, void *routes);

/* A handler: serve the files below a directory, whose name is `root`.
 *
 * GET and HEAD only.  Of a directory its index.html, or else a list of what is
 * in it.  Nothing outside of root is served, also not through symbolic links,
 * and nothing whose name begins with a dot. */
int http_files(http_request_t *r, void *root);

/* Answer with an open file, its conditions and ranges; fd remains yours. */
int http_file(http_request_t *r, int fd, const char *type);

/* ---- the server ---- */

/* What is told of each answer when it is over: its status, and how many bytes of
 * body there were.  Of a request that was no good, method and path may be
 * empty. */
typedef void http_log_t(const http_request_t *r, int status, uint64_t bytes,
                        void *arg);

/* All zero: the defaults.  Set fields by name, since more may follow. */
typedef struct http_options {
    size_t connections_max; /* more wait; 0: no bound */
    uint64_t body_max;      /* bytes of a request's body; 16 MiB */
    int64_t idle_timeout;   /* until a request begins to come; 60 s */
    int64_t head_timeout;   /* until its head is complete; 10 s */
    int64_t body_timeout;   /* without progress of its body; 20 s */
    int64_t send_timeout;   /* without progress of the answer; 20 s */
    bool reuse_port;        /* as in green_server_options_t */
    http_log_t *log;        /* called with the arg of the handler */
} http_options_t;

typedef struct http_server http_server_t;

/* Listen on an address, and call handler(r, arg) for each request.
 *
 * Returns the server, which http_server_stop frees, or NULL with errno, as
 * green_server_start. */
http_server_t *http_server_start(const char *address, http_handler_t *handler,
                                 void *arg, const http_options_t *options);

/* The port it listens on, or -1: none. */
int http_server_port(const http_server_t *s);

/* Take no more connections, close the idle ones, wait for the answers that are
 * under way, and when the grace is over kill those.
 *
 * Returns as green_server_stop. */
int http_server_stop(http_server_t *s, int64_t grace);

#endif

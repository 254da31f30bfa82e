/* SPDX-License-Identifier: MIT */
/* connection.h - what the files of the server share; programs see http.h only.
 *
 *     wire.c      the socket: buffers, and patience with the peer
 *     request.c   heads of requests come in; line.c, field.c: parts of them
 *     body.c      bodies come in
 *     response.c  answers go out; head.c: their heads
 *     server.c    the life of a connection, and of the server
 *
 *     in:   [ head of the request | read already | to be read | room ]
 *                               floor          first        last     ROOM_IN
 *     out:  [ to be sent | room ]
 *                      n_out
 *
 * The head stays where it is while the handler runs, since the request points
 * into it; what comes after it is body, and perhaps the next request. */
#ifndef EXAMPLES_HTTP_CONNECTION_H
#define EXAMPLES_HTTP_CONNECTION_H
#include "http.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

enum {
    LINE_MAX_LENGTH = 8192,  /* of the request line: 414 */
    HEAD_MAX_LENGTH = 16384, /* of all lines together: 431 */
    HEADERS_MAX = 100,       /* 431, too */
    BODY_LINE_MAX = 1024,    /* of the line before a chunk, of a trailer */
    TRAILERS_MAX = 4096,     /* of all trailers */
    ROOM_IN = HEAD_MAX_LENGTH + 4096,
    ROOM_OUT = 8192,
    HTTP_ADDED_MAX = 2048, /* of headers that the handler sets */
    DRAIN_MAX = 256 * 1024 /* of a body nobody has read, to keep a connection */
};

struct http_connection {
    http_request_t request;
    http_server_t *server;
    struct http_connection *next, *previous; /* in the server's list */
    int fd;
    bool idle;   /* between requests: may be closed at any time */
    bool keep;   /* another request may follow this one */
    bool asked;  /* ... if it was for the client */
    bool broken; /* nothing more can be sent */
    bool upgraded;
    int64_t patience; /* how long the peer may still keep us waiting */

    /* wire.c */
    size_t floor, first, last, n_out;
    int64_t send_patience;

    /* request.c; both count from `first` */
    size_t line, scanned; /* the line that is not complete; looked at so far */

    /* body.c */
    bool has_host, has_length, chunked, expects;
    bool in_chunk;      /* the newline behind a chunk is still to come */
    bool body_ended;    /* all of it was read */
    uint64_t body_left; /* of the body, or of the chunk */
    uint64_t body_read; /* of chunks, and of what is odd around them */
    int failure;        /* the status that a failed read deserves, or 0 */
    int failure_errno;

    /* response.c */
    bool begun, ended, bodiless, chunks;
    int status;
    uint64_t written; /* of the body */
    int64_t left;    /* of the length that was promised; -1: none was */
    size_t chunk_at; /* where in `out` the open chunk begins; 0: none is open */
    size_t n_added;

    http_header_t headers[HEADERS_MAX];
    char added[HTTP_ADDED_MAX];
    char out[ROOM_OUT];
    char in[ROOM_IN];
};

struct http_server {
    green_server_t *server;
    http_handler_t *handler;
    void *arg;
    http_options_t options; /* the defaults are filled in */
    struct http_connection *connections;
    bool stopping;
};

/* ---- wire.c ---- */

/* Patience is time that the peer may spend letting us wait; it wins some back
 * by each byte that it moves, so that a slow peer is served and one that only
 * pretends is not. */
void http__earn(int64_t *patience, size_t bytes, int64_t most);

/* Receive at least one byte: how many, 0 at the end, or -1.  Sends first what
 * waits to be sent. */
ssize_t http__receive(struct http_connection *c, void *buffer, size_t n);

/* The same, into `in`: there must be room above the floor. */
ssize_t http__fill(struct http_connection *c);

/* Send all; having failed it fails for ever. */
int http__send(struct http_connection *c, struct iovec *iov, int n);

/* Send what is in `out`. */
int http__send_out(struct http_connection *c);

/* Let the peer get what was sent, although it may be sending still. */
void http__linger(struct http_connection *c);

/* Let the peer see that what it got was not all. */
void http__reset(struct http_connection *c);

/* ---- server.c ---- */

/* Serve a connection until it ends; `server` is a http_server_t. */
void http__serve(int fd, void *server);

/* ---- request.c ---- */

/* Wait for the head of the next request: 0 if it is there, a status with which
 * it is refused, or -1 if the connection just ends. */
int http__read_head(struct http_connection *c);

/* Make a request of a complete head of n bytes: 0 or a status. */
int http__parse(struct http_connection *c, char *head, size_t n);

/* ---- line.c ---- */

/* Make method, path, query and version of a line that ends with a 0: 0 or a
 * status. */
int http__parse_line(http_request_t *r, char *line);

bool http__is_token(char c);   /* a character of a name */
bool http__is_control(char c); /* a newline, a tab ... */

/* ---- query.c ---- */

/* Decode percent signs in place: the new length, or -1 if they make no sense. */
ssize_t http__decode(char *text, size_t n);

/* ---- field.c ---- */

/* What a header field says of the connection and of the body: 0 or a status. */
int http__note_field(struct http_connection *c, const http_header_t *field);

/* ... and all of them together. */
int http__check_fields(struct http_connection *c);

/* ---- body.c ---- */

/* Drop what the handler has left of the body: true if it has ended then. */
bool http__drain(struct http_connection *c);

/* ---- response.c, head.c ---- */

/* Finish the answer when the handler has returned: can another request follow? */
bool http__finish(struct http_connection *c, int result);

/* Put the head of an answer into `out`. */
int http__put_head(struct http_connection *c, int status, const char *type,
                   int64_t length);
const char *http__status_text(int status); /* NULL: no such status */
bool http__is_value(const char *text);     /* of a header */

/* ---- beneath.c ---- */

/* Open a file below a directory for reading; the path is relative. */
int http__open_beneath(int root, const char *path);

/* ---- file.c ---- */

/* http_file, of a file about which all is known. */
int http__send_file(http_request_t *r, int fd, const char *type,
                    const struct stat *st);

/* ---- listing.c ---- */

/* Answer with what is in a directory. */
int http__list(http_request_t *r, int directory);

/* ---- date.c ---- */

#define HTTP_DATE_ROOM 32

void http__format_date(char text[HTTP_DATE_ROOM], time_t when);
time_t http__parse_date(const char *text); /* -1: not understood */
const char *http__now(void);               /* as a date */

#endif

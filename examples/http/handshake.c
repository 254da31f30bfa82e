/* SPDX-License-Identifier: MIT */
/* handshake.c - a request for a WebSocket is looked at, and HTTP is left.
 *
 * The key proves nothing but that the client means it; the Origin is what
 * protects users: a browser lets any page connect anywhere, cookies included, and
 * relies on the server to refuse what comes from a stranger's page. */
#define _DEFAULT_SOURCE /* strcasecmp */
#include "frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define KEY_LENGTH 24 /* 16 bytes in base64 */
#define ACCEPT_LENGTH 28

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* ---- what is asked ---- */

/* 16 bytes in base64: of the last digit, two bits count. */
static bool is_key(const char *key)
{
    return key && strlen(key) == KEY_LENGTH &&
           strspn(key, digits) == KEY_LENGTH - 2 &&
           strchr("AQgw", key[KEY_LENGTH - 3]) &&
           strcmp(key + KEY_LENGTH - 2, "==") == 0;
}

static size_t count(const http_request_t *r, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_headers; i++)
        n += strcasecmp(r->headers[i].name, name) == 0;
    return n;
}

/* The status with which it is refused, or 0. */
static int judge(const http_request_t *r, const ws_options_t *options)
{
    const char *version = http_header(r, "Sec-WebSocket-Version");

    if (strcmp(r->method, "GET") != 0)
        return 405;
    if (r->minor == 0 || !http_header_has(r, "Upgrade", "websocket") ||
        !http_header_has(r, "Connection", "upgrade"))
        return 426;
    if (!version || strcmp(version, "13") != 0)
        return 426;
    if (count(r, "Sec-WebSocket-Version") != 1 ||
        count(r, "Sec-WebSocket-Key") != 1 ||
        !is_key(http_header(r, "Sec-WebSocket-Key")))
        return 400;
    return options->any_origin || ws_same_origin(r) ? 0 : 403;
}

bool ws_same_origin(const http_request_t *r)
{
    const char *origin = http_header(r, "Origin");
    const char *host = http_header(r, "Host");
    const char *name;

    if (!origin)
        return true;
    name = strstr(origin, "://");
    return name && host && strcasecmp(name + 3, host) == 0;
}

/* ---- what is answered ---- */

static void put_base64(char *text, const uint8_t *data, size_t n)
{
    for (size_t i = 0; i < n; i += 3) {
        uint32_t bits = (uint32_t)data[i] << 16;

        bits |= i + 1 < n ? (uint32_t)data[i + 1] << 8 : 0;
        bits |= i + 2 < n ? data[i + 2] : 0;
        *text++ = digits[bits >> 18];
        *text++ = digits[bits >> 12 & 63];
        *text++ = i + 1 < n ? digits[bits >> 6 & 63] : '=';
        *text++ = i + 2 < n ? digits[bits & 63] : '=';
    }
    *text = '\0';
}

static void sign(char text[ACCEPT_LENGTH + 1], const char *key)
{
    static const char constant[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char both[KEY_LENGTH + sizeof constant];
    uint8_t digest[SHA1_SIZE];

    memcpy(both, key, KEY_LENGTH);
    memcpy(both + KEY_LENGTH, constant, sizeof constant);
    ws__sha1(both, KEY_LENGTH + sizeof constant - 1, digest);
    put_base64(text, digest, SHA1_SIZE);
}

static ws_t *refuse(http_request_t *r, int status)
{
    if (status == 405)
        http_set_header(r, "Allow", "GET");
    if (status == 426) {
        http_set_header(r, "Upgrade", "websocket");
        http_set_header(r, "Sec-WebSocket-Version", "13");
    }
    http_error(r, status);
    return NULL;
}

/* 101.  If that cannot be sent the connection is of no use any more. */
static bool upgrade(ws_t *ws, http_request_t *r)
{
    char text[ACCEPT_LENGTH + 1];
    const void *early = NULL;
    int size = ws->options.send_buffer;

    sign(text, http_header(r, "Sec-WebSocket-Key"));
    http_set_header(r, "Sec-WebSocket-Accept", text);
    ws->fd = http_upgrade(r, "websocket", &early, &ws->n_early);
    if (ws->fd < 0)
        return false;
    ws->early = early;
    if (size > 0)
        setsockopt(ws->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return true;
}

static void set_defaults(ws_options_t *o)
{
    if (o->message_max == 0)
        o->message_max = 1024 * 1024;
    if (o->ping_interval == 0)
        o->ping_interval = 30 * GREEN_SEC;
    if (o->ping_timeout == 0)
        o->ping_timeout = 15 * GREEN_SEC;
    if (o->send_timeout == 0)
        o->send_timeout = 20 * GREEN_SEC;
    if (o->close_timeout == 0)
        o->close_timeout = 3 * GREEN_SEC;
}

ws_t *ws_accept(http_request_t *r, const ws_options_t *options)
{
    static const ws_options_t none = {0};
    int status = judge(r, options ? options : &none);
    ws_t *ws;

    if (status)
        return refuse(r, status);
    ws = calloc(1, sizeof *ws);
    if (!ws)
        return refuse(r, 503);
    ws->options = options ? *options : none;
    set_defaults(&ws->options);
    ws->reader = green_self();
    ws->heard = green_now();
    green_mutex_init(&ws->sending);
    green_event_init(&ws->over);
    if (upgrade(ws, r))
        return ws;
    free(ws);
    return refuse(r, 400); /* it has a body; or its client is gone */
}

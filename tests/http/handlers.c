/* SPDX-License-Identifier: MIT */
/* handlers [body_max [idle [patience]]] - handlers that do what can be done wrong.
 *
 * For the tests of examples/http.  Times are in milliseconds.  It serves until
 * its input ends. */
#include <errno.h>
#include <http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int say(http_request_t *r, const char *text)
{
    return http_reply(r, 200, "text/plain", text, strlen(text));
}

static int say_error(http_request_t *r)
{
    return say(r, strerror(errno));
}

static int nothing(http_request_t *r, void *arg)
{
    (void)r;
    (void)arg;
    return 0;
}

static int failing(http_request_t *r, void *arg)
{
    (void)r;
    (void)arg;
    return -1;
}

/* Begins an answer of unknown length, or of 10 bytes, and gives up. */
static int cut(http_request_t *r, void *arg)
{
    (void)arg;
    http_begin(r, 200, "text/plain", strcmp(r->query, "10") == 0 ? 10 : -1);
    http_write(r, "half", 4);
    return -1;
}

static int too_short(http_request_t *r, void *arg)
{
    (void)arg;
    http_begin(r, 200, "text/plain", 10);
    return http_write(r, "half", 4);
}

static int too_long(http_request_t *r, void *arg)
{
    (void)arg;
    http_begin(r, 200, "text/plain", 4);
    if (http_write(r, "12345", 5) == 0 || errno != EOVERFLOW)
        return -1;
    return http_write(r, "good", 4);
}

static int twice(http_request_t *r, void *arg)
{
    (void)arg;
    http_begin(r, 200, "text/plain", -1);
    if (say(r, "again") == 0 || errno != EALREADY)
        return -1;
    if (http_set_header(r, "Late", "too") == 0 || errno != EALREADY)
        return -1;
    http_write(r, "once", 4);
    return http_end(r) < 0 || http_write(r, "more", 4) == 0 ? -1 : 0;
}

static int set_header(http_request_t *r, void *arg)
{
    char name[64], value[4096];

    (void)arg;
    if (http_query(r, "name", name, sizeof name) < 0 ||
        http_query(r, "value", value, sizeof value) < 0 ||
        http_set_header(r, name, value) < 0)
        return say_error(r);
    return say(r, "set");
}

static int set_type(http_request_t *r, void *arg)
{
    char type[512];

    (void)arg;
    if (http_query(r, "type", type, sizeof type) < 0 ||
        http_reply(r, 200, type, "", 0) < 0)
        return say_error(r);
    return 0;
}

static int redirect(http_request_t *r, void *arg)
{
    char path[512];

    (void)arg;
    if (http_query(r, "to", path, sizeof path) < 0)
        return -1;
    return http_redirect(r, 302, path);
}

/* Pieces of growing size; the bytes are those of a counter. */
static int pieces(http_request_t *r, void *arg)
{
    static unsigned char all[64 * 1024];
    size_t n;

    (void)arg;
    for (n = 0; n < sizeof all; n++)
        all[n] = (unsigned char)(n % 251);
    http_begin(r, 200, "application/octet-stream", -1);
    for (n = 1; n < sizeof all; n += 1 + n / 3)
        if (http_write(r, all, n) < 0 || http_write(r, NULL, 0) < 0 ||
            (n % 7 == 0 && http_flush(r) < 0))
            return -1;
    return 0;
}

static int count(http_request_t *r, void *arg)
{
    char buffer[1000], text[32];
    long all = 0;
    ssize_t n;

    (void)arg;
    while ((n = http_read(r, buffer, 1 + (size_t)all % sizeof buffer)) > 0)
        all += n;
    if (n < 0)
        return -1;
    snprintf(text, sizeof text, "%ld", all);
    return say(r, text);
}

static int unread(http_request_t *r, void *arg)
{
    (void)arg;
    return say(r, "unread");
}

/* A scope of the handler's: the body may be read on. */
static int impatient(http_request_t *r, void *arg)
{
    green_scope_t scope;
    char buffer[100];
    ssize_t n;

    (void)arg;
    green_timeout_begin(&scope, GREEN_MS);
    n = http_read(r, buffer, sizeof buffer);
    if (!green_scope_end(&scope) || n >= 0 || errno != ETIMEDOUT)
        return -1;
    if (http_begin(r, 200, "text/plain", -1) < 0 || http_flush(r) < 0)
        return -1;
    while ((n = http_read(r, buffer, sizeof buffer)) > 0)
        http_write(r, buffer, (size_t)n);
    return (int)n;
}

/* Everything in capitals, from now on. */
static int shout(http_request_t *r, void *arg)
{
    char buffer[100];
    const void *early;
    size_t early_length;
    ssize_t n;
    int fd;

    (void)arg;
    http_set_header(r, "Shouting", "yes");
    fd = http_upgrade(r, "shout", &early, &early_length);
    if (fd < 0)
        return say_error(r);
    green_write_all(fd, early, early_length);
    while ((n = green_read(fd, buffer, sizeof buffer)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            buffer[i] = (char)(buffer[i] & ~0x20);
        green_write_all(fd, buffer, (size_t)n);
    }
    return 0;
}

static int show(http_request_t *r, void *arg)
{
    (void)arg;
    http_begin(r, 200, "text/plain", -1);
    http_printf(r, "%s\n%s\n%s\n1.%d\n", r->method, r->path, r->query,
                r->minor);
    for (size_t i = 0; i < r->n_headers; i++)
        http_printf(r, "%s=%s\n", r->headers[i].name, r->headers[i].value);
    http_printf(r, "%s\n",
                http_header_has(r, "X-List", "two") ? "two" : "not two");
    return http_end(r);
}

static http_route_t routes[] = {
    {.path = "/nothing", .handler = nothing},
    {.path = "/failing", .handler = failing},
    {.path = "/cut", .handler = cut},
    {.path = "/short", .handler = too_short},
    {.path = "/long", .handler = too_long},
    {.path = "/twice", .handler = twice},
    {.path = "/header", .handler = set_header},
    {.path = "/type", .handler = set_type},
    {.path = "/redirect", .handler = redirect},
    {.path = "/pieces", .handler = pieces},
    {.method = "POST", .path = "/count", .handler = count},
    {.method = "PUT", .path = "/count", .handler = count},
    {.path = "/unread", .handler = unread},
    {.path = "/impatient", .handler = impatient},
    {.path = "/shout", .handler = shout},
    {.path = "/show*", .handler = show},
    {0},
};

int main(int argc, char **argv)
{
    http_options_t o = {0};
    http_server_t *s;
    char byte;

    if (argc > 1)
        o.body_max = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        o.idle_timeout = strtol(argv[2], NULL, 10) * GREEN_MS;
    if (argc > 3)
        o.head_timeout = o.body_timeout = o.send_timeout =
            strtol(argv[3], NULL, 10) * GREEN_MS;
    s = http_server_start("127.0.0.1:0", http_routes, routes, &o);
    if (!s)
        return EXIT_FAILURE;
    printf("listening on http://127.0.0.1:%d/\n", http_server_port(s));
    fflush(stdout);
    while (green_read(0, &byte, 1) > 0)
        continue;
    return http_server_stop(s, 5 * GREEN_SEC) == 0 ? EXIT_SUCCESS
                                                   : EXIT_FAILURE;
}

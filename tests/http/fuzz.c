/* SPDX-License-Identifier: MIT */
/* fuzz [runs [seed]] - requests that went wrong on the way.
 *
 * Good requests are cut, mixed and spoilt, and sent twice: all at once, and in
 * random pieces.  The server must not mind, must say the same to both, and must
 * say nothing but well-formed answers.  Meant for a build with sanitizers; a
 * fault is printed with the run's number, which as `seed` repeats it. */
#include <connection.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WHOLE = 5, LONGEST = 30000, ANSWERS = 200000 };

static uint64_t state;

static size_t random_below(size_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (size_t)(state >> 11) % n;
}

/* ---- making requests ---- */

/* The first WHOLE are requests with all that belongs to them. */
static const char *const pieces[] = {
    "GET /digest HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /a%20b?c=d HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "HEAD /digest HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
    "POST /digest HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "PUT /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789",
    "POST /digest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST /unread HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    "5\r\nhello\r\n",
    "a;x=y\r\n0123456789\r\n",
    "0\r\n\r\n",
    "0\r\nTrailer: x\r\n\r\n",
    "Host: b\r\n",
    "Content-Length: 3\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "\r\n",
    "\n",
    "\r",
    " ",
    ":",
    "%",
    "ffffffffffffffff",
    "-1",
};

struct input {
    size_t n;
    char text[LONGEST];
};

static void insert(struct input *in, size_t at, const char *text, size_t n)
{
    if (n > LONGEST - in->n)
        n = LONGEST - in->n;
    memmove(in->text + at + n, in->text + at, in->n - at);
    memcpy(in->text + at, text, n);
    in->n += n;
}

static void insert_piece(struct input *in, size_t at)
{
    size_t n = sizeof pieces / sizeof pieces[0];
    const char *piece = pieces[random_below(random_below(4) > 0 ? WHOLE : n)];

    insert(in, at, piece, strlen(piece));
}

static void spoil(struct input *in)
{
    size_t at = random_below(in->n + 1), n = random_below(40);
    char many[9000];

    if (n > in->n - at)
        n = in->n - at;
    switch (random_below(6)) {
    case 0:
        insert_piece(in, at);
        break;
    case 1:
        memmove(in->text + at, in->text + at + n, in->n - at - n);
        in->n -= n;
        break;
    case 2:
        memcpy(many, in->text + at, n);
        insert(in, random_below(in->n + 1), many, n);
        break;
    case 3:
        memset(many, "ax0 \t\r\n;"[random_below(8)], sizeof many);
        insert(in, at, many, random_below(sizeof many));
        break;
    default:
        if (at < in->n)
            in->text[at] = (char)random_below(256);
    }
}

static void make_input(struct input *in)
{
    size_t i;

    in->n = 0;
    for (i = 1 + random_below(8); i > 0; i--)
        insert_piece(in, in->n);
    if (random_below(3) > 0)
        for (i = random_below(5); i > 0; i--)
            spoil(in);
}

/* ---- what the server does with them ---- */

static int digest(http_request_t *r, void *arg)
{
    unsigned hash = 5381;
    char buffer[64];
    size_t all = 0;
    ssize_t n = 0;

    (void)arg;
    if (strcmp(r->path, "/unread") != 0)
        while ((n = http_read(r, buffer, 1 + all % sizeof buffer)) > 0)
            for (all += (size_t)n; n > 0; n--)
                hash += (unsigned char)buffer[n - 1];
    if (n < 0)
        return -1;
    if (http_begin(r, 200, "text/plain", -1) < 0)
        return -1;
    http_printf(r, "%zu %u %s?%s", all, hash, r->method, r->query);
    return 0;
}

static http_server_t server = {
    .handler = digest,
    .options = {.body_max = 20000,
                .idle_timeout = 60 * GREEN_SEC,
                .head_timeout = 60 * GREEN_SEC,
                .body_timeout = 60 * GREEN_SEC,
                .send_timeout = 60 * GREEN_SEC},
};

struct sender {
    int fd;
    bool in_pieces;
    const struct input *in;
};

static void *send_input(void *arg)
{
    const struct sender *s = arg;
    size_t done = 0, n;

    for (; done < s->in->n; done += n) {
        n = s->in->n - done;
        if (s->in_pieces)
            n = 1 + random_below(n < 200 ? n : 200);
        if (green_write_all(s->fd, s->in->text + done, n) < 0)
            break; /* the server has closed */
        green_yield();
    }
    green_shutdown(s->fd, SHUT_WR);
    return NULL;
}

static void *serve(void *fd)
{
    http__serve(*(int *)fd, &server);
    green_close(*(int *)fd);
    return NULL;
}

static void die(const char *what, size_t run)
{
    fprintf(stderr, "fuzz: run %zu: %s\n", run, what);
    abort();
}

/* All that the server says to the input. */
static size_t converse(const struct input *in, bool in_pieces, char *answers)
{
    struct sender sender = {.in = in, .in_pieces = in_pieces};
    green_t *both[2];
    ssize_t n;
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        die(strerror(errno), 0);
    sender.fd = fds[0];
    both[0] = green_spawn(send_input, &sender);
    both[1] = green_spawn(serve, &fds[1]);
    n = green_read_all(fds[0], answers, ANSWERS - 1);
    green_joinall(both, 2, GREEN_FOREVER);
    green_releaseall(both, 2);
    green_close(fds[0]);
    if (n < 0 && errno != ECONNRESET)
        die(strerror(errno), 0);
    answers[n < 0 ? 0 : n] = '\0';
    return n < 0 ? 0 : (size_t)n;
}

/* ---- what is said about it ---- */

/* The end of the answer that begins here; NULL if it is none. */
static const char *skip_answer(const char *text, bool *is_head)
{
    const char *end = strstr(text, "\r\n\r\n"), *body = end + 4, *field;
    size_t n;

    if (strncmp(text, "HTTP/1.1 ", 9) != 0 || !end)
        return NULL;
    if (strncmp(text + 9, "100 ", 4) == 0)
        return body;
    *is_head = strncmp(body, "HTTP/1.1 ", 9) == 0;
    field = strstr(text, "Content-Length: ");
    if (*is_head || !*body)
        return body;
    if (field && field < end)
        return body + strtoul(field + 16, NULL, 10);
    field = strstr(text, "Transfer-Encoding: chunked");
    if (!field || field > end)
        return body + strlen(body);
    while ((n = strtoul(body, NULL, 16)) > 0)
        body = strstr(body, "\r\n") + 2 + n + 2;
    return strncmp(body, "0\r\n\r\n", 5) == 0 ||
                   strncmp(body, "0000\r\n\r\n", 8) == 0
               ? strstr(body, "\r\n\r\n") + 4
               : NULL;
}

/* Leave out what may differ: dates, and whether a body had to be asked for. */
static void normalise(char *text, size_t run)
{
    const char *next, *from = text;
    char *to = text, *date;
    bool is_head;

    if (strlen(text) > ANSWERS - 2)
        die("more than expected", run);
    for (; *from; from = next) {
        next = skip_answer(from, &is_head);
        if (!next)
            die(from, run);
        if (strncmp(from + 9, "100 ", 4) == 0)
            continue;
        memmove(to, from, (size_t)(next - from));
        to += next - from;
    }
    *to = '\0';
    for (date = text; (date = strstr(date, "\r\nDate: ")); date += 8)
        memset(date + 8, 'x', strcspn(date + 8, "\r"));
}

static void run_once(size_t run)
{
    static char whole[ANSWERS], parts[ANSWERS];
    static struct input in;
    int i;

    state = run * 0x9e3779b97f4a7c15U + 1;
    for (i = 0; i < 10; i++)
        random_below(2);
    make_input(&in);
    converse(&in, false, whole);
    converse(&in, true, parts);
    normalise(whole, run);
    normalise(parts, run);
    if (strcmp(whole, parts) != 0) {
        fprintf(stderr, "%.*s\n----\n%.999s\n----\n%.999s\n", (int)in.n,
                in.text, whole, parts);
        die("the answers differ", run);
    }
}

int main(int argc, char **argv)
{
    size_t runs = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000, run;
    size_t first = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

    for (run = first; run < first + runs; run++)
        run_once(run);
    printf("%zu runs\n", runs);
    return 0;
}

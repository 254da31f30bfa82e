/* SPDX-License-Identifier: MIT */
/* query - ask PostgreSQL many things at once, by libpq and a pool of connections.
 *
 *     $ query --connections 4 'host=localhost dbname=shop' <queries.sql
 *
 * Each line is a query, in a greenlet of its own.  There are fewer connections than
 * greenlets: who wants one waits its turn.  libpq blocks, and libgreen_patch has it
 * block no more than the greenlet that calls it. */
#include <errno.h>
#include <getopt.h>
#include <green.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: query [options] CONNECTION <QUERIES\n"
    "  -c, --connections N    at most (default 4)\n"
    "  -p, --parallel N       queries at a time, which wait for them (default "
    "100)\n"
    "  -t, --timeout SECONDS  for each query (default 60)\n"
    "  -h, --help             show this\n"
    "CONNECTION is as for psql: 'host=localhost dbname=shop', or a URI.  The "
    "first\n"
    "value of each answer is printed, after the number of the query's line.\n";

/* ---- the pool ---- */

/* Places for connections, which are made when they are needed: NULL is a place
 * without one.  Who takes a place gives it back.  The last used is the first to be
 * used again, so there are no more than there must be. */
struct connections {
    green_queue_t places;
    const char *where;
    long made;
};

static struct connections connections;

static void connections_init(struct connections *c, const char *where,
                             long most)
{
    PGconn *none = NULL;

    green_lifo_init(&c->places, sizeof none, (size_t)most);
    c->where = where;
    while (most-- > 0)
        green_queue_put(&c->places, &none, 0);
}

/* The server may have closed it while nobody looked.  To look does not wait. */
static bool is_alive(PGconn *one)
{
    struct pollfd p = {.fd = PQsocket(one), .events = POLLIN};

    while (poll(&p, 1, 0) > 0)
        if (!PQconsumeInput(one))
            return false;
    return PQstatus(one) == CONNECTION_OK;
}

static void put_connection(struct connections *c, PGconn *one)
{
    if (one && (PQstatus(one) != CONNECTION_OK ||
                PQtransactionStatus(one) != PQTRANS_IDLE)) {
        PQfinish(one); /* what was left unfinished is nobody else's concern */
        one = NULL;
    }
    green_queue_put(&c->places, &one, 0); /* there is room */
}

/* One that works, or NULL; then `reason` tells why.  A kill or a timeout ends it. */
static PGconn *get_connection(struct connections *c, char *reason, size_t room)
{
    PGconn *one;

    if (green_queue_get(&c->places, &one, GREEN_FOREVER) != 0) {
        snprintf(reason, room, "no connection: %s", strerror(errno));
        return NULL;
    }
    if (one && !is_alive(one)) {
        PQfinish(one);
        one = NULL;
    }
    if (!one) {
        one = PQconnectdb(c->where);
        c->made++;
    }
    if (PQstatus(one) == CONNECTION_OK)
        return one;
    snprintf(reason, room, "%s", PQerrorMessage(one));
    put_connection(c, one);
    return NULL;
}

/* When all are back. */
static void connections_destroy(struct connections *c)
{
    PGconn *one;

    while (green_queue_get(&c->places, &one, 0) == 0)
        PQfinish(one);
    green_queue_destroy(&c->places);
}

/* ---- queries ---- */

struct query {
    long number;
    char text[];
};

static long asked, failed;
static int64_t timeout = 60 * GREEN_SEC;
static green_pool_t pool = GREEN_POOL_INIT(100);

static bool report(const struct query *q, PGconn *one, const char *text)
{
    PGresult *r = PQexec(one, text);
    bool well = PQresultStatus(r) == PGRES_TUPLES_OK ||
                PQresultStatus(r) == PGRES_COMMAND_OK;

    if (!well)
        fprintf(stderr, "%ld: %s", q->number, PQerrorMessage(one));
    else if (PQntuples(r) > 0 && PQnfields(r) > 0)
        printf("%ld: %s\n", q->number, PQgetvalue(r, 0, 0));
    else
        printf("%ld\n", q->number);
    fflush(stdout);
    PQclear(r);
    return well;
}

static void *ask(void *query)
{
    struct query *q = query;
    char reason[400];
    green_scope_t patience;
    PGconn *one;
    bool well = false;

    green_timeout_begin(&patience, timeout);
    one = get_connection(&connections, reason, sizeof reason);
    if (one)
        well = report(q, one, q->text);
    else
        fprintf(stderr, "%ld: %s\n", q->number, reason);
    if (green_scope_end(&patience))
        fprintf(stderr, "%ld: timed out\n", q->number);
    if (one)
        put_connection(&connections, one);
    failed += !well;
    free(q);
    return NULL;
}

static bool start(const char *text)
{
    size_t n = strlen(text) + 1;
    struct query *q = malloc(sizeof *q + n);

    if (!q)
        return false;
    q->number = ++asked;
    memcpy(q->text, text, n);
    if (green_pool_spawn(&pool, ask, q, GREEN_FOREVER) == 0)
        return true;
    free(q);
    return false;
}

/* ---- the program ---- */

static void *stop(void *reader)
{
    green_pool_close(&pool);
    green_pool_kill(&pool, 0);
    green_kill(reader);
    return NULL;
}

static int run(const char *where, long most)
{
    green_stream_t *in = green_stream_open(STDIN_FILENO);
    static char line[65536];

    if (!in || green_patch_all() != 0 || green_patch_verify() != 0 ||
        !green_signal(SIGINT, stop, green_self()) ||
        !green_signal(SIGTERM, stop, green_self())) {
        fprintf(stderr, "query: %s\n", strerror(errno));
        return 1;
    }
    connections_init(&connections, where, most);
    while (green_stream_read_line(in, line, sizeof line) > 0)
        if (!start(line))
            break;
    green_pool_join(&pool, GREEN_FOREVER);
    green_pool_destroy(&pool);
    connections_destroy(&connections);
    green_stream_close(in);
    printf("%ld queries, %ld failed, %ld connections\n", asked, failed,
           connections.made);
    return failed > 0;
}

static long number(const char *text, long least, long most)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end || n < least || n > most) {
        fprintf(stderr, "%s: not from %ld to %ld\n", text, least, most);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"connections", 1, NULL, 'c'},
        {"parallel", 1, NULL, 'p'},
        {"timeout", 1, NULL, 't'},
        {"help", 0, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    long most = 4;
    int option;

    while ((option = getopt_long(argc, argv, "c:p:t:h", options, NULL)) >= 0)
        if (option == 'c') {
            most = number(optarg, 1, 1000);
        } else if (option == 'p') {
            green_pool_init(&pool, (size_t)number(optarg, 1, 100000));
        } else if (option == 't') {
            timeout = number(optarg, 1, 1000000) * GREEN_SEC;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    if (argc - optind == 1)
        return run(argv[optind], most);
    fputs(usage, stderr);
    return 2;
}

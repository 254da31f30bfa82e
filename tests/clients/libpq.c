/* SPDX-License-Identifier: MIT */
/* libpq.c - a query that sleeps in PostgreSQL, and one for a lock, the gate. */
#include <libpq-fe.h>
#include "clients.h"

static PGconn *keeper;

/* Is that the last value of the answer? */
static bool answers(PGconn *c, const char *query, const char *expected)
{
    PGresult *r = PQexec(c, query);
    bool well = PQresultStatus(r) == PGRES_TUPLES_OK &&
                strcmp(PQgetvalue(r, 0, PQnfields(r) - 1), expected) == 0;

    PQclear(r);
    return well;
}

static bool call(const char *address)
{
    PGconn *c = PQconnectdb(address);
    bool well;

    connected();
    well = PQstatus(c) == CONNECTION_OK &&
           answers(c, "select pg_sleep(0.2), 7", "7") &&
           answers(c, "select pg_advisory_lock_shared(1), 7", "7");
    if (!well)
        fprintf(stderr, "%s", PQerrorMessage(c));
    PQfinish(c);
    return well;
}

static bool prepare(const char *address)
{
    keeper = PQconnectdb(address);
    return answers(keeper, "select pg_advisory_lock(1), 7", "7");
}

static bool open_gate(int n)
{
    char all[12];
    bool well;

    snprintf(all, sizeof all, "%d", n);
    while (!answers(keeper,
                    "select count(*) from pg_locks "
                    "where locktype = 'advisory' and not granted",
                    all))
        green_sleep(10 * GREEN_MS);
    well = answers(keeper, "select pg_advisory_unlock(1)", "t");
    PQfinish(keeper);
    return well;
}

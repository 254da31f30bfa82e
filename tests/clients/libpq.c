/* SPDX-License-Identifier: MIT */
/* libpq.c - a query that sleeps in PostgreSQL. */
#include <postgresql/libpq-fe.h>
#include "clients.h"

static bool call(const char *address)
{
    PGconn *c = PQconnectdb(address);
    PGresult *r = NULL;
    bool well = PQstatus(c) == CONNECTION_OK;

    if (well) {
        r = PQexec(c, "select pg_sleep(0.2), 7");
        well = PQresultStatus(r) == PGRES_TUPLES_OK &&
               strcmp(PQgetvalue(r, 0, 1), "7") == 0;
    }
    if (!well)
        fprintf(stderr, "%s", PQerrorMessage(c));
    PQclear(r);
    PQfinish(c);
    return well;
}

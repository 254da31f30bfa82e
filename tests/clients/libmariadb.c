/* SPDX-License-Identifier: MIT */
/* libmariadb.c - a query that sleeps in MariaDB, and one for a lock, the gate. */
#include <mysql.h>
#include "clients.h"

static MYSQL *keeper;

static MYSQL *join(const char *address)
{
    MYSQL *c = mysql_init(NULL);

    if (!mysql_real_connect(c, NULL, "root", NULL, NULL, 0, address, 0))
        fprintf(stderr, "%s\n", mysql_error(c));
    return c;
}

/* The first value of the answer, a number; -1: there is none. */
static int ask(MYSQL *c, const char *query)
{
    MYSQL_RES *r = mysql_query(c, query) == 0 ? mysql_store_result(c) : NULL;
    MYSQL_ROW row = r ? mysql_fetch_row(r) : NULL;
    int n = row && row[0] ? atoi(row[0]) : -1;

    if (!r)
        fprintf(stderr, "%s\n", mysql_error(c));
    mysql_free_result(r);
    return n;
}

static bool call(const char *address)
{
    MYSQL *c = join(address);
    bool well;

    connected();
    well = ask(c, "select sleep(0.2)") == 0 &&
           ask(c, "select get_lock('gate', 1000) + release_lock('gate')") == 2;
    mysql_close(c);
    return well;
}

static bool prepare(const char *address)
{
    keeper = join(address);
    return ask(keeper, "select get_lock('gate', 0)") == 1;
}

static bool open_gate(int n)
{
    bool well;

    while (ask(keeper, "select count(*) from information_schema.processlist "
                       "where state = 'User lock'") != n)
        green_sleep(10 * GREEN_MS);
    well = ask(keeper, "select release_lock('gate')") == 1;
    mysql_close(keeper);
    return well;
}

/* SPDX-License-Identifier: MIT */
/* hiredis.c - BLPOP of a list that stays empty, a second's wait; then of a gate. */
#include <hiredis/hiredis.h>
#include "clients.h"

static redisContext *keeper;

static bool answers(redisContext *c, const char *command, int type)
{
    redisReply *r = redisCommand(c, command);
    bool well = r && r->type == type;

    freeReplyObject(r);
    return well;
}

static bool call(const char *address)
{
    redisContext *c = redisConnectUnix(address);
    bool well;

    connected();
    well = c && !c->err && answers(c, "BLPOP nothing 1", REDIS_REPLY_NIL) &&
           answers(c, "BLPOP gate 0", REDIS_REPLY_ARRAY);
    redisFree(c);
    return well;
}

static bool prepare(const char *address)
{
    keeper = redisConnectUnix(address);
    return keeper && !keeper->err;
}

static int count_waiting(void)
{
    redisReply *r = redisCommand(keeper, "INFO clients");
    const char *line = r && r->str ? strstr(r->str, "blocked_clients:") : NULL;
    int n = line ? atoi(strchr(line, ':') + 1) : -1;

    freeReplyObject(r);
    return n;
}

static bool open_gate(int n)
{
    bool well = true;

    while (count_waiting() != n)
        green_sleep(10 * GREEN_MS);
    for (int i = 0; i < n; i++)
        well &= answers(keeper, "RPUSH gate open", REDIS_REPLY_INTEGER);
    redisFree(keeper);
    return well;
}

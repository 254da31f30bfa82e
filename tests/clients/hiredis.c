/* SPDX-License-Identifier: MIT */
/* hiredis.c - BLPOP of a list that stays empty: a second's wait. */
#include <hiredis/hiredis.h>
#include "clients.h"

static bool call(const char *address)
{
    redisContext *c = redisConnectUnix(address);
    redisReply *r = NULL;
    bool well = false;

    if (c && !c->err)
        r = redisCommand(c, "BLPOP nothing 1");
    if (r)
        well = r->type == REDIS_REPLY_NIL;
    freeReplyObject(r);
    redisFree(c);
    return well;
}

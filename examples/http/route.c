/* SPDX-License-Identifier: MIT */
/* route.c - which handler is for a request: the first of a table. */
#include "connection.h"

static bool is_wide(const http_route_t *route)
{
    size_t n = strlen(route->path);

    return n > 0 && route->path[n - 1] == '*';
}

static bool is_path(const http_route_t *route, const char *path)
{
    if (is_wide(route))
        return strncmp(route->path, path, strlen(route->path) - 1) == 0;
    return strcmp(route->path, path) == 0;
}

static bool is_method(const http_route_t *route, const char *method)
{
    if (!route->method || strcmp(route->method, method) == 0)
        return true;
    return strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0;
}

/* Which methods there are for the path: those of all its routes. */
static int refuse_method(http_request_t *r, const http_route_t *routes)
{
    char allow[128] = "";

    for (; routes->path; routes++) {
        if (!is_path(routes, r->path) || !routes->method ||
            strlen(allow) + strlen(routes->method) + 12 > sizeof allow)
            continue;
        strcat(allow, *allow ? ", " : "");
        strcat(allow, routes->method);
        if (strcmp(routes->method, "GET") == 0)
            strcat(allow, ", HEAD");
    }
    if (http_set_header(r, "Allow", allow) < 0)
        return -1;
    return http_error(r, 405);
}

int http_routes(http_request_t *r, void *routes)
{
    const http_route_t *route;
    bool found = false;

    for (route = routes; route->path; route++) {
        if (!is_path(route, r->path) || (found && is_wide(route)))
            continue;
        if (is_method(route, r->method))
            return route->handler(r, route->arg);
        found = true;
    }
    return found ? refuse_method(r, routes) : http_error(r, 404);
}

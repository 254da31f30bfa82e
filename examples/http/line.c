/* SPDX-License-Identifier: MIT */
/* line.c - the first line of a request: GET /path?query HTTP/1.1
 *
 * One blank between the words, and none in them. */
#include "connection.h"

#include <strings.h>

bool http__is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool http__is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

static int parse_version(http_request_t *r, const char *text)
{
    if (strncmp(text, "HTTP/", 5) != 0 || text[5] < '0' || text[5] > '9' ||
        text[6] != '.' || text[7] < '0' || text[7] > '9' || text[8])
        return 400;
    if (text[5] != '1')
        return 505;
    r->minor = text[7] > '0';
    return 0;
}

static int parse_method(http_request_t *r, const char *text)
{
    static const char *const known[] = {"GET",   "HEAD",   "POST",   "PUT",
                                        "PATCH", "DELETE", "OPTIONS"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(text, known[i]) == 0) {
            r->method = known[i];
            return 0;
        }
    for (; *text; text++)
        if (!http__is_token(*text))
            return 400;
    return 501;
}

/* The path of a target of the form http://host/path; NULL if it is no such. */
static char *after_authority(char *target)
{
    if (strncasecmp(target, "http://", 7) == 0)
        return target + 7 + strcspn(target + 7, "/?");
    if (strncasecmp(target, "https://", 8) == 0)
        return target + 8 + strcspn(target + 8, "/?");
    return NULL;
}

static int parse_target(http_request_t *r, char *target)
{
    char *question = strchr(target, '?');

    r->query = "";
    if (question) {
        *question = '\0';
        r->query = question + 1;
    }
    if (*target != '/' && strcmp(target, "*") != 0) {
        target = after_authority(target);
        if (!target)
            return 400;
    }
    r->path = *target ? target : "/";
    if (*target == '*' && strcmp(r->method, "OPTIONS") != 0)
        return 400;
    return http__decode(target, strlen(target)) < 0 ? 400 : 0;
}

int http__parse_line(http_request_t *r, char *line)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    int status;

    if (!version)
        return 400;
    *target++ = *version++ = '\0';
    for (const char *p = target; *p; p++)
        if (http__is_control(*p) || *p == '#')
            return 400;
    status = parse_version(r, version);
    if (status == 0)
        status = parse_method(r, line);
    return status ? status : parse_target(r, target);
}

/* SPDX-License-Identifier: MIT */
/* listing.c - what is in a directory, as a page; and redirections.
 *
 * Names of files are text of strangers: in a link they are encoded, on the page
 * escaped. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "connection.h"

/* Percent signs for all that is not plain, into `room` bytes: -1, too long. */
static int encode(char *to, size_t room, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";

    for (; *text && room > 3; text++) {
        int n = snprintf(to, 4, strchr(plain, *text) ? "%c" : "%%%02X",
                         (unsigned char)*text);

        to += n;
        room -= (size_t)n;
    }
    *to = '\0';
    return *text ? -1 : 0;
}

/* Two slashes at the beginning would name another host. */
int http_redirect(http_request_t *r, int status, const char *path)
{
    char location[1800];

    path += strspn(path, "/\\");
    location[0] = '/';
    if (encode(location + 1, sizeof location - 1, path) < 0)
        return http_error(r, 404);
    if (http_set_header(r, "Location", location) < 0)
        return -1;
    return http_reply(r, status, NULL, NULL, 0);
}

static int write_escaped(http_request_t *r, const char *text)
{
    size_t n;

    for (; *text; text += n > 0 ? n : 1) {
        n = strcspn(text, "&<>\"'");
        if (n > 0 ? http_write(r, text, n) < 0
                  : http_printf(r, "&#%d;", *text) < 0)
            return -1;
    }
    return 0;
}

static int write_entry(http_request_t *r, const struct dirent *entry)
{
    const char *slash = entry->d_type == DT_DIR ? "/" : "";
    char link[3 * sizeof entry->d_name + 4];

    if (encode(link, sizeof link, entry->d_name) < 0 ||
        http_printf(r, "<li><a href=\"./%s%s\">", link, slash) < 0 ||
        write_escaped(r, entry->d_name) < 0)
        return -1;
    return http_printf(r, "%s</a>\n", slash);
}

static int write_page(http_request_t *r, struct dirent **names, int n)
{
    static const char top[] = "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n";
    int rc;

    if (http_begin(r, 200, "text/html; charset=utf-8", -1) < 0 ||
        http_write(r, top, sizeof top - 1) < 0 ||
        http_write(r, "<title>", 7) < 0 || write_escaped(r, r->path) < 0 ||
        http_write(r, "</title>\n<ul>\n", 14) < 0)
        return -1;
    rc = strcmp(r->path, "/") == 0
             ? 0
             : http_printf(r, "<li><a href=\"../\">..</a>\n");
    for (int i = 0; i < n && rc == 0; i++)
        rc = write_entry(r, names[i]);
    return rc < 0 || http_write(r, "</ul>\n", 6) < 0 ? -1 : http_end(r);
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int http__list(http_request_t *r, int directory)
{
    struct dirent **names = NULL;
    int n = scandirat(directory, ".", &names, is_shown, alphasort), rc;

    if (n < 0)
        return http_error(r, errno == EACCES ? 403 : 503);
    rc = write_page(r, names, n);
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    return rc;
}

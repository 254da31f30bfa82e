/* SPDX-License-Identifier: MIT */
/* files.c - a handler that serves the files below a directory. */
#define _GNU_SOURCE /* O_PATH */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connection.h"

/* ---- finding ---- */

/* No name that begins with a dot: neither "..", nor what is hidden. */
static bool is_open_to_all(const char *path)
{
    return !strstr(path, "/.");
}

static int status_of_error(int error)
{
    if (error == ENOENT || error == ENOTDIR || error == EXDEV ||
        error == ELOOP || error == ENAMETOOLONG || error == ENXIO)
        return 404;
    return error == EACCES || error == EPERM ? 403 : 503;
}

/* ---- what kind of file ---- */

static const char *type_of(const char *path)
{
    static const char *const all[][2] = {
        {"html", "text/html; charset=utf-8"},
        {"htm", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"txt", "text/plain; charset=utf-8"},
        {"md", "text/plain; charset=utf-8"},
        {"c", "text/plain; charset=utf-8"},
        {"h", "text/plain; charset=utf-8"},
        {"csv", "text/csv; charset=utf-8"},
        {"xml", "application/xml"},
        {"json", "application/json"},
        {"pdf", "application/pdf"},
        {"wasm", "application/wasm"},
        {"zip", "application/zip"},
        {"gz", "application/gzip"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"svg", "image/svg+xml"},
        {"webp", "image/webp"},
        {"ico", "image/x-icon"},
        {"woff2", "font/woff2"},
        {"mp3", "audio/mpeg"},
        {"mp4", "video/mp4"},
        {"webm", "video/webm"},
    };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < sizeof all / sizeof all[0]; i++)
        if (strcmp(dot + 1, all[i][0]) == 0)
            return all[i][1];
    return "application/octet-stream";
}

/* ---- the handler ---- */

static int send_directory(http_request_t *r, int fd)
{
    char path[4096];
    int index, rc;

    if (r->path[strlen(r->path) - 1] != '/') {
        if (snprintf(path, sizeof path, "%s/", r->path) >= (int)sizeof path)
            return http_error(r, 404);
        return http_redirect(r, 301, path);
    }
    index = http__open_beneath(fd, "index.html");
    if (index < 0)
        return http__list(r, fd);
    rc = http_file(r, index, type_of("index.html"));
    green_close(index);
    return rc;
}

static int send_path(http_request_t *r, int root)
{
    const char *path = r->path + strspn(r->path, "/");
    struct stat st;
    int fd = http__open_beneath(root, *path ? path : "."), rc;

    if (fd < 0)
        return http_error(r, status_of_error(errno));
    if (fstat(fd, &st) != 0)
        rc = http_error(r, 503);
    else if (S_ISDIR(st.st_mode))
        rc = send_directory(r, fd);
    else if (!S_ISREG(st.st_mode) || path[strlen(path) - 1] == '/')
        rc = http_error(r, 404);
    else
        rc = http__send_file(r, fd, type_of(path), &st);
    green_close(fd);
    return rc;
}

int http_files(http_request_t *r, void *root)
{
    int fd, rc;

    if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0) {
        http_set_header(r, "Allow", "GET, HEAD");
        return http_error(r, 405);
    }
    if (*r->path != '/' || !is_open_to_all(r->path))
        return http_error(r, 404);
    fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return http_error(r, 503);
    rc = send_path(r, fd);
    close(fd);
    return rc;
}

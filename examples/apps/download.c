/* SPDX-License-Identifier: MIT */
/* download - fetch many files over HTTP, a few at a time.
 *
 *     $ download --parallel 8 http://example.org/a.iso http://example.org/b.iso
 *
 * Each file is a task of a pool: plain code that dials, asks, reads and writes.
 * A file appears under its name only when all of it is there. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <green.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: download [options] http://host[:port]/path...\n"
    "  -p, --parallel N       files at a time (default 4)\n"
    "  -d, --directory DIR    where to put them (default .)\n"
    "  -r, --retries N        tries after the first (default 3)\n"
    "  -t, --timeout SECONDS  without news from the server (default 30)\n"
    "  -h, --help             show this\n";

static const char *directory = ".", *clear = "";
static long retries = 3, fetched, failed;
static int64_t timeout = 30 * GREEN_SEC;
static unsigned long long bytes;
static green_pool_t pool = GREEN_POOL_INIT(4);

/* Some bytes, or a line.  Each wait has the whole timeout: what is large may
 * take long, but a server may not be silent. */
static ssize_t get(green_stream_t *s, char *buffer, size_t room, bool line)
{
    green_scope_t patience;
    ssize_t n;

    green_timeout_begin(&patience, timeout);
    n = line ? green_stream_read_line(s, buffer, room)
             : green_stream_read(s, buffer, room);
    green_scope_end(&patience);
    if (n >= 0)
        errno = EPROTO; /* for those who do not like what they got */
    return n;
}

/* Copy n bytes to a file; ULLONG_MAX: all there are. */
static int copy(green_stream_t *from, int to, unsigned long long n)
{
    char buffer[16384];
    ssize_t got;

    for (unsigned long long left = n; left > 0; left -= (size_t)got) {
        got = get(from, buffer, left < sizeof buffer ? left : sizeof buffer, 0);
        if (got == 0 && n == ULLONG_MAX)
            return 0;
        if (got <= 0 || green_write_all(to, buffer, (size_t)got) < 0)
            return -1;
        bytes += (size_t)got;
    }
    return 0;
}

/* Each chunk has a line with its size in front, and an empty one behind. */
static int copy_chunks(green_stream_t *from, int to)
{
    unsigned long long size;
    char line[1024];

    do {
        if (get(from, line, sizeof line, true) <= 0)
            return -1;
        if (sscanf(line, "%llx", &size) != 1 || copy(from, to, size) != 0 ||
            get(from, line, sizeof line, true) <= 0)
            return -1;
    } while (size > 0);
    return 0;
}

/* The status of the answer, or -1; the body goes to a file if it is 200. */
static int receive(green_stream_t *s, int to)
{
    unsigned long long length = ULLONG_MAX;
    bool chunked = false;
    char line[8192];
    int status;

    if (get(s, line, sizeof line, true) <= 0)
        return -1;
    if (sscanf(line, "HTTP/1.%*d %d", &status) != 1)
        return -1;
    while (strcspn(line, "\r\n") > 0) {
        if (get(s, line, sizeof line, true) <= 0)
            return -1;
        if (strncasecmp(line, "Content-Length:", 15) == 0)
            length = strtoull(line + 15, NULL, 10);
        if (strncasecmp(line, "Transfer-Encoding:", 18) == 0)
            chunked = true;
    }
    if (status != 200)
        return status;
    return (chunked ? copy_chunks(s, to) : copy(s, to, length)) ? -1 : 200;
}

static int try_once(const char *url, int to)
{
    const char *path = url + strcspn(url, "/");
    int host = (int)(path - url), fd, status = -1;
    char address[300];
    green_stream_t *s;

    snprintf(address, sizeof address, "%.*s%s", host, url,
             memchr(url, ':', (size_t)host) ? "" : ":80");
    if (lseek(to, 0, SEEK_SET) != 0 || ftruncate(to, 0) != 0 ||
        (fd = green_dial(address, timeout)) < 0)
        return -1;
    s = green_stream_open(fd);
    if (s &&
        green_stream_printf(s,
                            "GET %s HTTP/1.1\r\nHost: %.*s\r\n"
                            "Connection: close\r\n\r\n",
                            *path ? path : "/", host, url) > 0 &&
        green_stream_flush(s) == 0)
        status = receive(s, to);
    green_stream_close(s);
    green_close(fd);
    return status;
}

/* With longer and longer pauses: the server may be busy. */
static int try_often(const char *url, int to)
{
    int status = try_once(url, to);

    for (long i = 0; i < retries && (status < 0 || status >= 500); i++) {
        if (green_sleep(GREEN_SEC / 4 << i) != 0)
            return -1;
        status = try_once(url, to);
    }
    return status;
}

/* A URL, without the http:// in front. */
static void *fetch(void *arg)
{
    const char *url = arg, *slash = strrchr(url, '/');
    const char *name = slash && slash[1] ? slash + 1 : "index.html";
    int to, status = -1;
    char part[300];

    snprintf(part, sizeof part, "%s.part", name);
    to = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (to >= 0)
        status = try_often(url, to);
    if (status == 200 && rename(part, name) == 0) {
        fetched++;
        printf("%s%s\n", clear, name);
        fflush(stdout);
    } else {
        failed++;
        if (status > 0 && status != 200)
            fprintf(stderr, "%s%s: status %d\n", clear, url, status);
        else
            fprintf(stderr, "%s%s: %s\n", clear, url, strerror(errno));
        if (to >= 0)
            unlink(part);
    }
    if (to >= 0)
        close(to);
    return NULL;
}

static void *show_progress(void *files)
{
    while (green_sleep(GREEN_SEC / 5) == 0)
        fprintf(stderr, "\r%ld of %d files, %.1f MB ", fetched + failed,
                *(int *)files, (double)bytes / 1e6);
    return NULL;
}

static void *stop(void *unused)
{
    green_pool_close(&pool);
    green_pool_kill(&pool, 0);
    return unused;
}

static int run(char **urls, int n)
{
    if (chdir(directory) != 0 || !green_signal(SIGINT, stop, NULL) ||
        !green_signal(SIGTERM, stop, NULL)) {
        fprintf(stderr, "download: %s: %s\n", directory, strerror(errno));
        return 1;
    }
    if (isatty(STDERR_FILENO) && green_go(show_progress, &n) == 0)
        clear = "\r\033[K";
    for (int i = 0; i < n; i++)
        if (green_pool_spawn(&pool, fetch, urls[i] + 7, GREEN_FOREVER) != 0)
            failed++; /* we were stopped */
    green_pool_join(&pool, GREEN_FOREVER);
    green_pool_destroy(&pool);
    printf("%s%ld files, %llu bytes\n", clear, fetched, bytes);
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
        {"parallel", 1, NULL, 'p'}, {"directory", 1, NULL, 'd'},
        {"retries", 1, NULL, 'r'},  {"timeout", 1, NULL, 't'},
        {"help", 0, NULL, 'h'},     {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "p:d:r:t:h", options, NULL)) >= 0)
        if (option == 'p') {
            green_pool_init(&pool, (size_t)number(optarg, 1, 10000));
        } else if (option == 'd') {
            directory = optarg;
        } else if (option == 'r') {
            retries = number(optarg, 0, 20);
        } else if (option == 't') {
            timeout = number(optarg, 1, 1000000) * GREEN_SEC;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    for (int i = optind; i < argc; i++)
        if (strncmp(argv[i], "http://", 7) != 0)
            optind = argc;
    if (optind < argc)
        return run(argv + optind, argc - optind);
    fputs(usage, stderr);
    return 2;
}

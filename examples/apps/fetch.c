/* SPDX-License-Identifier: MIT */
/* fetch - get many files with libcurl, which blocks, a few at a time.
 *
 *     $ fetch --parallel 8 https://example.org/a.iso https://example.org/b.iso
 *
 * libcurl knows nothing of greenlets.  With libgreen_patch its waiting is theirs:
 * one thread, plain curl_easy_perform, and even a timeout around it. */
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <green.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: fetch [options] URL...\n"
    "  -p, --parallel N       files at a time (default 4)\n"
    "  -d, --directory DIR    where to put them (default .)\n"
    "  -t, --timeout SECONDS  for each file (default 300)\n"
    "  -k, --insecure         do not ask who the server is\n"
    "  -h, --help             show this\n";

static const char *directory = ".";
static bool insecure;
static long fetched, failed;
static int64_t timeout = 300 * GREEN_SEC;
static green_pool_t pool = GREEN_POOL_INIT(4);

/* What comes after the last slash, without a query. */
static void name_of(const char *url, char *name, size_t room)
{
    size_t end = strcspn(url, "?#"), begin = end;

    while (begin > 0 && url[begin - 1] != '/')
        begin--;
    if (begin == end || url[begin] == '.' || end - begin >= room)
        snprintf(name, room, "index.html");
    else
        snprintf(name, room, "%.*s", (int)(end - begin), url + begin);
}

/* As a program without a word of libgreen would do it. */
static CURLcode get(const char *url, FILE *to, char *reason)
{
    CURL *c = curl_easy_init();
    CURLcode code;

    if (!c)
        return CURLE_OUT_OF_MEMORY;
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, to);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, reason);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, insecure ? 0L : 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, insecure ? 0L : 2L);
    code = curl_easy_perform(c);
    if (code != CURLE_OK && !reason[0])
        snprintf(reason, CURL_ERROR_SIZE, "%s", curl_easy_strerror(code));
    curl_easy_cleanup(c);
    return code;
}

/* The same, not for longer than the timeout. */
static bool get_in_time(const char *url, FILE *to, char *reason)
{
    green_scope_t patience;
    CURLcode code;

    green_timeout_begin(&patience, timeout);
    code = get(url, to, reason);
    if (green_scope_end(&patience))
        snprintf(reason, CURL_ERROR_SIZE, "timed out");
    return code == CURLE_OK;
}

static void *fetch(void *url)
{
    char reason[CURL_ERROR_SIZE] = "", name[256];
    FILE *file;
    bool well;

    name_of(url, name, sizeof name);
    file = fopen(name, "wx"); /* none that is there already */
    if (!file) {
        fprintf(stderr, "%s: %s\n", name, strerror(errno));
        failed++;
        return NULL;
    }
    well = get_in_time(url, file, reason);
    if (fclose(file) != 0 && well) {
        snprintf(reason, sizeof reason, "%s", strerror(errno));
        well = false;
    }
    if (well) {
        fetched++;
        printf("%s\n", name);
    } else {
        failed++;
        unlink(name);
        fprintf(stderr, "%s: %s\n", (char *)url, reason);
    }
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
    if (green_patch_all() != 0 || green_patch_verify() != 0 ||
        curl_global_init(CURL_GLOBAL_ALL) != 0 || chdir(directory) != 0 ||
        !green_signal(SIGINT, stop, NULL) ||
        !green_signal(SIGTERM, stop, NULL)) {
        fprintf(stderr, "fetch: %s: %s\n", directory, strerror(errno));
        return 1;
    }
    for (int i = 0; i < n; i++)
        if (green_pool_spawn(&pool, fetch, urls[i], GREEN_FOREVER) != 0)
            failed++; /* we were stopped */
    green_pool_join(&pool, GREEN_FOREVER);
    green_pool_destroy(&pool);
    curl_global_cleanup();
    printf("%ld files\n", fetched);
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
        {"timeout", 1, NULL, 't'},  {"insecure", 0, NULL, 'k'},
        {"help", 0, NULL, 'h'},     {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "p:d:t:kh", options, NULL)) >= 0)
        if (option == 'p') {
            green_pool_init(&pool, (size_t)number(optarg, 1, 10000));
        } else if (option == 'd') {
            directory = optarg;
        } else if (option == 't') {
            timeout = number(optarg, 1, 1000000) * GREEN_SEC;
        } else if (option == 'k') {
            insecure = true;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    if (optind < argc)
        return run(argv + optind, argc - optind);
    fputs(usage, stderr);
    return 2;
}

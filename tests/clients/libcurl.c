/* SPDX-License-Identifier: MIT */
/* libcurl.c - GET a page whose server takes its time, and answers when all have asked. */
#include <curl/curl.h>
#include "clients.h"

static bool prepare(const char *address)
{
    return address && curl_global_init(CURL_GLOBAL_ALL) == 0;
}

static size_t count(char *data, size_t size, size_t n, void *got)
{
    (void)data;
    *(size_t *)got += size * n;
    return size * n;
}

static bool call(const char *address)
{
    CURL *c = curl_easy_init();
    size_t got = 0;
    CURLcode r;

    curl_easy_setopt(c, CURLOPT_URL, address);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, count);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &got);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    r = curl_easy_perform(c);
    curl_easy_cleanup(c);
    return r == CURLE_OK && got == 5;
}

static bool open_gate(int n)
{
    return n > 0;
}

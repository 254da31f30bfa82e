/* SPDX-License-Identifier: MIT */
/* demo.h - the routes of http_server. */
#ifndef EXAMPLES_HTTP_DEMO_H
#define EXAMPLES_HTTP_DEMO_H
#include "http.h"

int demo_hello(http_request_t *r, void *arg);
int demo_stream(http_request_t *r, void *arg);
int demo_poll_get(http_request_t *r, void *arg);
int demo_poll_post(http_request_t *r, void *arg);
int demo_echo(http_request_t *r, void *arg);

/* Let those who wait for a message go. */
void demo_stop(void);

#endif

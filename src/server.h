/* SPDX-License-Identifier: MIT */
/* server.h - layer 7: a greenlet that accepts, and one for each connection. */
#ifndef GREEN_SERVER_H
#define GREEN_SERVER_H

#include "service.h"

/* green_server_start on a socket that listens, which is closed if this fails. */
green_server_t *green__server_on(int fd, green_handler_t *handler, void *arg,
                                 size_t max);

/* Its greenlets will not run any more, since their thread ends or is not there:
 * close its sockets and free it. */
void green__server_forget(green_server_t *s);

#endif

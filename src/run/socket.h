/* SPDX-License-Identifier: MIT */
/* socket.h - sending, receiving, accepting, connecting. */
#ifndef RUN_SOCKET_H
#define RUN_SOCKET_H

#include "call.h"

long socket_recvfrom(struct call *c);
long socket_recvmsg(struct call *c);
long socket_recvmmsg(struct call *c);
long socket_sendto(struct call *c);
long socket_sendmsg(struct call *c);
long socket_sendmmsg(struct call *c);
long socket_accept(struct call *c);
long socket_accept4(struct call *c);
long socket_connect(struct call *c);

#endif

/* SPDX-License-Identifier: MIT */
/* libzmq.c - questions of many greenlets that another one answers.
 *
 * Both sides wait in the library, in one thread: if either blocked it, the other
 * could not go on.  (libzmq has two threads of its own beside it.) */
#include <zmq.h>
#include "clients.h"

static void *context, *server;
static char endpoint[100];
static green_t *answering;

/* As long as there are questions. */
static void *answer(void *arg)
{
    char text[100];
    int n;

    while ((n = zmq_recv(server, text, sizeof text, 0)) > 0)
        zmq_send(server, text, (size_t)n, 0);
    return arg;
}

static bool prepare(const char *address)
{
    size_t n = sizeof endpoint;

    context = zmq_ctx_new();
    server = zmq_socket(context, ZMQ_REP);
    answering = green_spawn(answer, NULL);
    return answering && zmq_bind(server, address) == 0 &&
           zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, endpoint, &n) == 0;
}

static bool call(const char *address)
{
    void *socket = zmq_socket(context, ZMQ_REQ);
    char text[100] = "";
    bool well = address && zmq_connect(socket, endpoint) == 0;

    for (int i = 0; i < 10 && well; i++)
        well = zmq_send(socket, "hello", 5, 0) == 5 &&
               zmq_recv(socket, text, sizeof text, 0) == 5 &&
               memcmp(text, "hello", 5) == 0;
    zmq_close(socket);
    return well;
}

/* What is left to do: to end. */
static bool open_gate(int n)
{
    return n > 0;
}

/* SPDX-License-Identifier: MIT */
/* hello - questions and answers by ZeroMQ, all within one thread.
 *
 *     $ hello --clients 3 --count 5
 *
 * The server waits in zmq_recv for a question, the clients wait there for answers:
 * each call would stop the thread for good, as the others could never go on.  With
 * libgreen_patch it stops a greenlet. */
#include <getopt.h>
#include <green.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

static const char usage[] =
    "usage: hello [options] [ENDPOINT]\n"
    "  -c, --clients N  that ask (default 2)\n"
    "  -n, --count N    questions of each (default 3)\n"
    "  -h, --help       show this\n"
    "ENDPOINT is ZeroMQ's: by default tcp://127.0.0.1:*\n";

static void *context;
static char endpoint[256];
static long clients = 2, count = 3, answered;

/* Until the context is shut down. */
static void *serve(void *server)
{
    char question[100], answer[120];
    int n;

    while ((n = zmq_recv(server, question, sizeof question - 1, 0)) >= 0) {
        question[(size_t)n < sizeof question ? n : 99] = '\0';
        printf("server: %s\n", question);
        n = snprintf(answer, sizeof answer, "%s to you", question);
        zmq_send(server, answer, (size_t)n, 0);
    }
    return server;
}

static void *ask(void *number)
{
    long client = (long)(intptr_t)number;
    void *socket = zmq_socket(context, ZMQ_REQ);
    char text[120];
    int n, connected = zmq_connect(socket, endpoint);

    for (long i = 1; i <= count && connected == 0; i++) {
        n = snprintf(text, sizeof text, "hello %ld of client %ld", i, client);
        if (zmq_send(socket, text, (size_t)n, 0) < 0)
            break;
        n = zmq_recv(socket, text, sizeof text - 1, 0);
        if (n < 0 || n >= (int)sizeof text)
            break;
        text[n] = '\0';
        printf("client %ld: %s\n", client, text);
        answered++;
    }
    zmq_close(socket);
    return NULL;
}

/* A kill is no way to end a wait within libzmq, which expects EINTR and nothing
 * else there; but it can be told to end them all. */
static void ask_all(void *server)
{
    green_group_t all = GREEN_GROUP_INIT;
    green_t *serving = green_spawn(serve, server);

    for (long i = 1; i <= clients; i++)
        green_group_spawn(&all, ask, (void *)(intptr_t)i);
    green_group_join(&all, GREEN_FOREVER);
    zmq_ctx_shutdown(context);
    green_join(serving, NULL, GREEN_FOREVER);
    green_release(serving);
}

static int run(const char *where)
{
    size_t n = sizeof endpoint;
    void *server;

    if (green_patch_all() != 0 || green_patch_verify() != 0) {
        perror("hello: cannot patch");
        return 1;
    }
    context = zmq_ctx_new();
    server = zmq_socket(context, ZMQ_REP);
    if (zmq_bind(server, where) == 0 &&
        zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, endpoint, &n) == 0)
        ask_all(server);
    else
        fprintf(stderr, "hello: %s: %s\n", where, zmq_strerror(zmq_errno()));
    zmq_close(server);
    zmq_ctx_term(context);
    return answered < clients * count;
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
        {"clients", 1, NULL, 'c'},
        {"count", 1, NULL, 'n'},
        {"help", 0, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "c:n:h", options, NULL)) >= 0)
        if (option == 'c') {
            clients = number(optarg, 1, 1000);
        } else if (option == 'n') {
            count = number(optarg, 1, 1000000);
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    if (argc - optind <= 1)
        return run(optind < argc ? argv[optind] : "tcp://127.0.0.1:*");
    fputs(usage, stderr);
    return 2;
}

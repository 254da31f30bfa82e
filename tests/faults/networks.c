/* SPDX-License-Identifier: MIT */
/* networks.c - scenarios of servers, clients, datagrams and names. */
#include "scenario.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE (300 * GREEN_MS) /* of a client whose server has no luck */

static char address[100];
static int served;

static void echo(int fd, void *arg)
{
    char bytes[600];
    ssize_t n;

    (void)arg;
    served++;
    while (went(n = green_read(fd, bytes, sizeof bytes)) && n > 0)
        if (!went(green_write_all(fd, bytes, (size_t)n)))
            break;
}

/* Sends 2000 bytes and gets them back, in order, if nothing goes wrong. */
static void converse(int fd)
{
    unsigned char bytes[2000], back[2000];
    ssize_t n;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = flow_byte(i);
    if (!went(green_write_all(fd, bytes, sizeof bytes)) ||
        !went(green_shutdown(fd, SHUT_WR)))
        return;
    if (!went(n = green_read_all(fd, back, sizeof back)))
        return;
    must(memcmp(bytes, back, (size_t)n) == 0);
    if (n < (ssize_t)sizeof back)
        failed_with(ECONNRESET);
}

static void *be_client(void *arg)
{
    green_scope_t s;
    int fd;

    (void)arg;
    green_timeout_begin(&s, PATIENCE);
    if (went(fd = green_dial(address, GREEN_SEC))) {
        converse(fd);
        went(green_close(fd));
    }
    green_scope_end(&s);
    return NULL;
}

static void serve(const char *where)
{
    green_server_t *server = green_server_start(where, echo, NULL, NULL);

    served = 0;
    if (!made(server))
        return;
    went(green_server_port(server) > 0 || where[0] == 'u' ? 0 : -1);
    if (where[0] != 'u')
        snprintf(address, sizeof address, "localhost:%d",
                 green_server_port(server));
    else
        snprintf(address, sizeof address, "%s", where);
    for (int i = 0; i < 3; i++)
        team_add(be_client, NULL);
    team_end();
    went(green_server_stop(server, GREEN_MS));
    must(served == 3 || first_error);
}

static void run_server(void)
{
    serve("127.0.0.1:0");
}

static void run_unix_server(void)
{
    char where[100];

    snprintf(where, sizeof where, "unix:/tmp/green-faults-%d", (int)getpid());
    unlink(where + 5); /* of a process that had this number before */
    serve(where);
    unlink(where + 5);
}

/* Either side may find the other one gone, or not there in time. */
#define PEER_TROUBLE                                                           \
    {                                                                          \
        EPIPE, ECONNRESET, ETIMEDOUT, ECONNREFUSED, ECANCELED, ENOENT, EAGAIN, \
            ENOMEM, EMFILE, EINVAL                                             \
    }

static const struct scenario server = {"server", run_server, NULL, PEER_TROUBLE,
                                       16};
static const struct scenario unix_server = {"server.unix", run_unix_server,
                                            NULL, PEER_TROUBLE, 16};

static void answer_datagram(int fd, const void *data, size_t n,
                            const struct sockaddr *from, socklen_t length,
                            void *arg)
{
    (void)arg;
    served++;
    must(n == 5 && memcmp(data, "hello", 5) == 0);
    went(green_sendto(fd, data, n, 0, from, length));
}

static void *send_datagram(void *arg)
{
    green_scope_t s;
    char back[10];
    ssize_t n;
    int fd;

    (void)arg;
    green_timeout_begin(&s, PATIENCE / 5);
    if (went(fd = green_datagram_dial(address, GREEN_SEC))) {
        if (went(green_send(fd, "hello", 5, 0)) &&
            went(n = green_recv(fd, back, sizeof back, 0)))
            must(n == 5 && memcmp(back, "hello", 5) == 0);
        went(green_close(fd));
    }
    green_scope_end(&s);
    return NULL;
}

static void run_datagrams(void)
{
    green_server_t *s =
        green_datagram_server_start("127.0.0.1:0", answer_datagram, NULL, NULL);

    served = 0;
    if (!made(s))
        return;
    snprintf(address, sizeof address, "127.0.0.1:%d", green_server_port(s));
    for (int i = 0; i < 2; i++)
        team_add(send_datagram, NULL);
    team_end();
    went(green_server_stop(s, GREEN_MS));
    must(served <= 2);
}

static const struct scenario datagrams = {"datagrams", run_datagrams, NULL,
                                          PEER_TROUBLE, 16};

static void *look_up(void *arg)
{
    struct sockaddr_in here = {.sin_family = AF_INET};
    struct addrinfo *found = NULL;
    char host[200] = "untouched";
    int r;

    (void)arg;
    r = green_getaddrinfo("127.0.0.1", "80", NULL, &found);
    must((r == 0) == (found != NULL));
    if (r == 0)
        freeaddrinfo(found);
    else
        failed_with(r == EAI_SYSTEM ? errno : r);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    r = green_getnameinfo((struct sockaddr *)&here, sizeof here, host,
                          sizeof host, NULL, 0, 0);
    must(r == 0 || strcmp(host, "untouched") == 0);
    if (r != 0)
        failed_with(r == EAI_SYSTEM ? errno : r);
    return NULL;
}

static void run_names(void)
{
    team_add(look_up, NULL);
    team_add(look_up, NULL);
    team_end();
}

static const struct scenario names = {
    "names", run_names, NULL, {EMFILE, EAI_MEMORY, EAI_AGAIN}, 16};

const struct scenario *const scenarios_of_networks[] = {
    &server, &unix_server, &datagrams, &names, NULL};

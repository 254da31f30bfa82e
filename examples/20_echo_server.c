/* SPDX-License-Identifier: MIT */
/* 20 - A server and its clients.
 *
 * The server accepts in a greenlet of its own and runs the handler in another
 * for each connection.  Handler and client read and write as if they were
 * alone in the world; each such call waits for its descriptor and lets the
 * others run. */
#include <errno.h>
#include <green.h>
#include <stdio.h>
#include <string.h>

struct client {
    int port;
    const char *say;
    char reply[64];
};

/* The server closes fd when this returns. */
static void echo(int fd, void *arg)
{
    char buffer[512];
    ssize_t n;

    (void)arg;
    while ((n = green_read(fd, buffer, sizeof buffer)) > 0)
        if (green_write_all(fd, buffer, (size_t)n) < 0)
            return;
}

static int talk(int fd, struct client *c)
{
    ssize_t n;

    if (green_write_all(fd, c->say, strlen(c->say)) < 0 ||
        green_shutdown(fd, SHUT_WR) != 0)
        return -1;
    n = green_read_all(fd, c->reply, sizeof c->reply - 1);
    if (n < 0)
        return -1;
    c->reply[n] = '\0';
    return 0;
}

static void *call(void *arg)
{
    struct client *c = arg;
    char address[32];
    int fd, error;

    snprintf(address, sizeof address, "127.0.0.1:%d", c->port);
    fd = green_dial(address, 10 * GREEN_SEC);
    if (fd < 0)
        green_fail(errno, "cannot dial %s", address);
    error = talk(fd, c) == 0 ? 0 : errno;
    green_close(fd);
    if (error)
        green_fail(error, "lost %s", address);
    return c->reply;
}

int main(void)
{
    struct client clients[3] = {
        {.say = "hello"}, {.say = "how are you"}, {.say = "good bye"}};
    green_server_t *server =
        green_server_start("127.0.0.1:0", echo, NULL, NULL);
    green_t *calls[3];
    void *reply;

    if (!server) {
        perror("green_server_start");
        return 1;
    }
    for (int i = 0; i < 3; i++) {
        clients[i].port = green_server_port(server);
        calls[i] = green_spawn(call, &clients[i]);
        if (!calls[i]) {
            perror("green_spawn");
            return 1;
        }
    }
    for (int i = 0; i < 3; i++) {
        if (green_get(calls[i], &reply, GREEN_FOREVER) == 0)
            printf("client %d hears: %s\n", i + 1, (char *)reply);
        else
            printf("client %d: %s\n", i + 1, green_error_text(calls[i]));
        green_release(calls[i]);
    }
    if (green_server_stop(server, GREEN_SEC) != 0)
        puts("some connections had to be killed");
    return 0;
}

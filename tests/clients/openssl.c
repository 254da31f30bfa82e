/* SPDX-License-Identifier: MIT */
/* openssl.c - handshakes between greenlets of one thread, over blocking sockets.
 *
 * If either side blocked the thread, the other could not go on. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clients.h"

static SSL_CTX *server_context, *client_context;

/* The file has a key and its certificate. */
static bool prepare(const char *file)
{
    server_context = SSL_CTX_new(TLS_server_method());
    client_context = SSL_CTX_new(TLS_client_method());
    return SSL_CTX_use_PrivateKey_file(server_context, file,
                                       SSL_FILETYPE_PEM) == 1 &&
           SSL_CTX_use_certificate_file(server_context, file,
                                        SSL_FILETYPE_PEM) == 1;
}

static bool open_gate(int n)
{
    return n > 0;
}

static SSL *side(SSL_CTX *context, int fd)
{
    SSL *s = SSL_new(context);

    SSL_set_fd(s, fd);
    return s;
}

/* Accept, send back what comes until the peer has had enough. */
static void *serve(void *fd)
{
    SSL *s = side(server_context, (int)(intptr_t)fd);
    char text[100];
    int n;

    if (SSL_accept(s) == 1)
        while ((n = SSL_read(s, text, sizeof text)) > 0)
            SSL_write(s, text, n);
    else
        ERR_print_errors_fp(stderr);
    SSL_free(s);
    close((int)(intptr_t)fd);
    return NULL;
}

static bool call(const char *address)
{
    int ends[2];
    char text[100] = "";
    green_t *server;
    bool well;
    SSL *s;

    if (!address || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return false;
    server = green_spawn(serve, (void *)(intptr_t)ends[0]);
    s = side(client_context, ends[1]);
    well = SSL_connect(s) == 1 && SSL_write(s, "hello", 5) == 5 &&
           SSL_read(s, text, sizeof text) == 5 && memcmp(text, "hello", 5) == 0;
    SSL_shutdown(s);
    close(ends[1]);
    SSL_free(s);
    green_join(server, NULL, GREEN_FOREVER);
    green_release(server);
    return well;
}

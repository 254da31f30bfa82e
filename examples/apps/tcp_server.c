/* SPDX-License-Identifier: MIT */
/* tcp_server - a key-value store that is spoken to in lines.
 *
 *     $ tcp_server --listen 127.0.0.1:7070 &
 *     $ nc 127.0.0.1 7070
 *     SET greeting hello, world
 *     OK
 *     GET greeting
 *     VALUE hello, world
 *
 * Each client has a greenlet.  They share the store without a lock, since none
 * of the functions that touch it waits: where nothing waits, nobody else
 * runs. */
#include <errno.h>
#include <getopt.h>
#include <green.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 1024
#define CHAINS 1024

static const char usage[] =
    "usage: tcp_server [options]\n"
    "  -l, --listen ADDRESS  where to listen (default 127.0.0.1:7070)\n"
    "  -m, --max N           clients at once; more wait (default 1000)\n"
    "  -i, --idle SECONDS    send silent clients away (default 300)\n"
    "  -h, --help            show this\n"
    "commands: SET key value, GET key, DEL key, STATS, QUIT\n";

static int64_t idle = 300 * GREEN_SEC;
static long clients, commands, keys; /* now, so far, now */

/* ---- the store ---- */

static struct entry {
    struct entry *next;
    char *value; /* in the same memory, after the key */
    char key[];
} * store[CHAINS];

/* Where the pointer to the entry is, or should be. */
static struct entry **find(const char *key)
{
    unsigned hash = 5381;
    struct entry **place;

    for (const char *c = key; *c; c++)
        hash = hash * 33 + (unsigned char)*c;
    place = &store[hash % CHAINS];
    while (*place && strcmp((*place)->key, key) != 0)
        place = &(*place)->next;
    return place;
}

static void drop(struct entry **place)
{
    struct entry *e = *place;

    *place = e->next;
    free(e);
    keys--;
}

static int put(const char *key, const char *value)
{
    size_t length = strlen(key) + 1;
    struct entry **place = find(key);
    struct entry *e = malloc(sizeof *e + length + strlen(value) + 1);

    if (!e)
        return -1;
    e->value = strcpy(e->key + length, value);
    memcpy(e->key, key, length);
    if (*place)
        drop(place);
    e->next = *place;
    *place = e;
    keys++;
    return 0;
}

/* ---- the commands ---- */

static int get(green_stream_t *s, const char *key)
{
    const struct entry *e = *find(key);
    char copy[LINE];

    if (!e)
        return green_stream_printf(s, "NONE\n");
    /* printf may wait, and somebody else may delete the entry meanwhile. */
    snprintf(copy, sizeof copy, "%s", e->value);
    return green_stream_printf(s, "VALUE %s\n", copy);
}

static int del(green_stream_t *s, const char *key)
{
    struct entry **place = find(key);

    if (!*place)
        return green_stream_printf(s, "NONE\n");
    drop(place);
    return green_stream_printf(s, "OK\n");
}

/* Fails when the client is to be left. */
static int obey(green_stream_t *s, const char *line)
{
    char verb[8] = "", key[LINE] = "", value[LINE] = "";
    int words = sscanf(line, "%7s %1023s %1023[^\r\n]", verb, key, value);

    commands++;
    if (strcmp(verb, "SET") == 0 && words == 3)
        return green_stream_printf(s, put(key, value) == 0 ? "OK\n" : "FULL\n");
    if (strcmp(verb, "GET") == 0 && words == 2)
        return get(s, key);
    if (strcmp(verb, "DEL") == 0 && words == 2)
        return del(s, key);
    if (strcmp(verb, "STATS") == 0 && words == 1)
        return green_stream_printf(s,
                                   "STATS clients %ld commands %ld keys %ld\n",
                                   clients, commands, keys);
    if (strcmp(verb, "QUIT") == 0)
        return -1;
    return green_stream_printf(s, "ERROR: that is no command\n");
}

/* ---- the clients ---- */

/* One command and its answer; 1, or 0 if that was the last, or -1. */
static int exchange(green_stream_t *s)
{
    char line[LINE];
    ssize_t n = green_stream_read_line(s, line, sizeof line);
    bool too_long = n < 0 && errno == EMSGSIZE;

    while (n < 0 && errno == EMSGSIZE) /* skip the rest of it */
        n = green_stream_read_line(s, line, sizeof line);
    if (n <= 0)
        return (int)n;
    if (too_long)
        green_stream_printf(s, "ERROR: that line is too long\n");
    else if (obey(s, line) < 0)
        return 0;
    return green_stream_flush(s) == 0 ? 1 : -1;
}

static void serve(int fd, void *unused)
{
    green_stream_t *s = green_stream_open(fd);
    green_scope_t patience, shield;
    const char *why = "";
    int more = s ? 1 : 0;

    (void)unused;
    clients++;
    while (more > 0) {
        green_timeout_begin(&patience, idle);
        more = exchange(s);
        if (more < 0 && errno == ECANCELED)
            why = ", the server stops";
        if (green_scope_end(&patience))
            why = ", you are silent";
    }
    clients--;
    green_shield_begin(&shield, GREEN_SEC); /* we may have been killed */
    if (s)
        green_stream_printf(s, "BYE%s\n", why);
    green_stream_close(s);
    green_scope_end(&shield);
}

/* ---- the program ---- */

static void *set_event(void *event)
{
    green_event_set(event);
    return NULL;
}

static long number(const char *text, long least, long most)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end || n < least || n > most) {
        fprintf(stderr, "tcp_server: \"%s\" is not a number from %ld to %ld\n",
                text, least, most);
        exit(2);
    }
    return n;
}

static int run(const char *address, const green_server_options_t *limits)
{
    green_event_t stop = GREEN_EVENT_INIT;
    green_server_t *server = green_server_start(address, serve, NULL, limits);

    if (!server || !green_signal(SIGINT, set_event, &stop) ||
        !green_signal(SIGTERM, set_event, &stop)) {
        fprintf(stderr, "tcp_server: %s: %s\n", address, strerror(errno));
        return 1;
    }
    printf("listening on %s, port %d\n", address, green_server_port(server));
    fflush(stdout);
    green_event_wait(&stop, GREEN_FOREVER);
    green_server_stop(server, 0);
    printf("stopped after %ld commands\n", commands);
    for (size_t i = 0; i < CHAINS; i++)
        while (store[i])
            drop(&store[i]);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"listen", 1, NULL, 'l'}, {"max", 1, NULL, 'm'}, {"idle", 1, NULL, 'i'},
        {"help", 0, NULL, 'h'},   {NULL, 0, NULL, 0},
    };
    const char *address = "127.0.0.1:7070";
    green_server_options_t limits = {.max = 1000};
    int option;

    while ((option = getopt_long(argc, argv, "l:m:i:h", options, NULL)) >= 0)
        switch (option) {
        case 'l':
            address = optarg;
            break;
        case 'm':
            limits.max = (size_t)number(optarg, 1, 1000000);
            break;
        case 'i':
            idle = number(optarg, 1, 1000000) * GREEN_SEC;
            break;
        default:
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    if (optind == argc)
        return run(address, &limits);
    fputs(usage, stderr);
    return 2;
}

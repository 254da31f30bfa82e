/* SPDX-License-Identifier: MIT */
/* udp_client - ask over UDP, and ask again what was lost.
 *
 *     $ udp_client --count 1000 --parallel 50 127.0.0.1:7007
 *
 * Many questions are under way at once, on one socket, and answers come in any
 * order.  So each question has a future; one greenlet receives, and sets the
 * one that an answer belongs to.  Who asks waits for it, not for ever. */
#include <errno.h>
#include <getopt.h>
#include <green.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: udp_client [options] ADDRESS\n"
    "  -n, --count N      questions (default 10)\n"
    "  -p, --parallel N   under way at once (default 4)\n"
    "  -t, --timeout MS   until a question is sent again (default 500); each\n"
    "                     time it is twice as long\n"
    "  -r, --retries N    times after the first (default 5)\n"
    "  -h, --help         show this\n"
    "It fails if a question was not answered.\n";

struct question {
    long number;
    green_future_t answer;
};

static long count = 10, retries = 5, answered, sent, asked;
static int64_t timeout = 500 * GREEN_MS, slowest, total;
static int fd;
static struct question *questions;
static green_pool_t pool = GREEN_POOL_INIT(4);

/* Ends when it is killed.  ECONNREFUSED tells of a datagram that we sent while
 * nobody was there; the next one may find somebody. */
static void *receive(void *unused)
{
    char text[64];
    ssize_t n;
    long i;

    while ((n = green_recv(fd, text, sizeof text - 1, 0)) >= 0 ||
           errno == ECONNREFUSED) {
        text[n < 0 ? 0 : n] = '\0';
        if (sscanf(text, "question %ld", &i) == 1 && i >= 0 && i < count)
            green_future_set(&questions[i].answer, NULL); /* if it is news */
    }
    return unused;
}

static void *ask(void *question)
{
    struct question *q = question;
    int64_t begin = green_now(), took;
    char text[64];
    int n = snprintf(text, sizeof text, "question %ld", q->number);

    asked++;
    for (long i = 0; i <= retries; i++) {
        if (green_send(fd, text, (size_t)n, 0) < 0 && errno == ECANCELED)
            return NULL;
        sent++;
        if (green_future_get(&q->answer, NULL, timeout << i) == 0) {
            took = green_now() - begin;
            total += took;
            slowest = took > slowest ? took : slowest;
            answered++;
            return NULL;
        }
        if (errno != ETIMEDOUT)
            return NULL;
    }
    return NULL;
}

static void *stop(void *unused)
{
    green_pool_close(&pool);
    green_pool_kill(&pool, 0);
    return unused;
}

static int run(const char *address)
{
    green_t *receiver = NULL;

    questions = calloc((size_t)count, sizeof *questions);
    fd = green_datagram_dial(address, 10 * GREEN_SEC);
    if (fd >= 0)
        receiver = green_spawn(receive, NULL);
    if (!questions || !receiver || !green_signal(SIGINT, stop, NULL) ||
        !green_signal(SIGTERM, stop, NULL)) {
        fprintf(stderr, "udp_client: %s: %s\n", address, strerror(errno));
        return 1;
    }
    for (long i = 0; i < count; i++) {
        questions[i].number = i;
        green_future_init(&questions[i].answer);
        if (green_pool_spawn(&pool, ask, &questions[i], GREEN_FOREVER) != 0)
            break; /* we were stopped */
    }
    green_pool_join(&pool, GREEN_FOREVER);
    green_killall(&receiver, 1, GREEN_FOREVER);
    green_release(receiver);
    green_close(fd);
    printf("%ld questions, %ld answers, %ld sent again\n", asked, answered,
           sent - asked);
    if (answered > 0)
        printf("it took %.3f ms, at most %.3f ms\n",
               (double)total / (double)answered / 1e6, (double)slowest / 1e6);
    free(questions);
    return answered < count;
}

static long number(const char *text, long least, long most)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end || n < least || n > most) {
        fprintf(stderr, "udp_client: \"%s\" is not a number from %ld to %ld\n",
                text, least, most);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"count", 1, NULL, 'n'},   {"parallel", 1, NULL, 'p'},
        {"timeout", 1, NULL, 't'}, {"retries", 1, NULL, 'r'},
        {"help", 0, NULL, 'h'},    {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "n:p:t:r:h", options, NULL)) >= 0)
        if (option == 'n') {
            count = number(optarg, 1, 1000000);
        } else if (option == 'p') {
            green_pool_init(&pool, (size_t)number(optarg, 1, 100000));
        } else if (option == 't') {
            timeout = number(optarg, 1, 100000) * GREEN_MS;
        } else if (option == 'r') {
            retries = number(optarg, 0, 10);
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    if (argc - optind != 1) {
        fputs(usage, stderr);
        return 2;
    }
    return run(argv[optind]);
}

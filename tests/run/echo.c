/* SPDX-License-Identifier: MIT */
/* echo.c - a thread for each of N connections echoes; says how many kernel threads
 * that took, and how many echoes a second: echo N ROUNDS. */
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void *echo(void *argument)
{
    int fd = (int)(long)argument;
    char text[64];
    ssize_t n;

    while ((n = read(fd, text, sizeof text)) > 0)
        if (write(fd, text, (size_t)n) != n)
            break;
    close(fd);
    return NULL;
}

static int listen_anywhere(struct sockaddr_in *a)
{
    socklen_t length = sizeof *a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    *a = (struct sockaddr_in){.sin_family = AF_INET};
    a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)a, sizeof *a) || listen(fd, 1000) ||
        getsockname(fd, (struct sockaddr *)a, &length))
        abort();
    return fd;
}

/* The other side, a process of its own: says how long the rounds took. */
static void client(const struct sockaddr_in *a, int n, int rounds)
{
    int *fds = calloc((size_t)n, sizeof *fds);
    struct timespec begun, ended;
    char text[8];
    long right = 0;

    for (int i = 0; i < n; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fds[i], (const struct sockaddr *)a, sizeof *a) != 0)
            abort();
    }
    for (int i = 0; i < n; i++)
        if (write(fds[i], "prepare", 8) != 8 || read(fds[i], text, 8) != 8)
            abort();
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < n; i++)
            right -= write(fds[i], "message", 8) != 8;
        for (int i = 0; i < n; i++)
            right += read(fds[i], text, 8) == 8 && strcmp(text, "message") == 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("echoes %ld\n", right);
    fflush(stdout);
    fprintf(stderr, "%.0f echoes a second\n",
            (double)right / ((double)(ended.tv_sec - begun.tv_sec) +
                             (double)(ended.tv_nsec - begun.tv_nsec) / 1e9));
}

static void say_threads(void)
{
    char line[256];
    FILE *f = fopen("/proc/self/status", "r");

    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "Threads:", 8) == 0 ||
            strncmp(line, "VmRSS:", 6) == 0)
            fputs(line, stderr);
    if (f)
        fclose(f);
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 100,
        rounds = argc > 2 ? atoi(argv[2]) : 10;
    pthread_t *threads = calloc((size_t)n, sizeof *threads);
    struct rlimit most;
    struct sockaddr_in address;
    pthread_attr_t small;
    int fd, status;
    pid_t pid;

    getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max;
    setrlimit(RLIMIT_NOFILE, &most);
    fd = listen_anywhere(&address);
    pid = fork();
    if (pid == 0) {
        close(fd);
        client(&address, n, rounds);
        _exit(0);
    }
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 * 1024);
    for (int i = 0; i < n; i++) {
        long one = accept(fd, NULL, NULL);

        if (one < 0 || pthread_create(&threads[i], &small, echo, (void *)one))
            abort();
    }
    say_threads();
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    waitpid(pid, &status, 0);
    return status != 0;
}

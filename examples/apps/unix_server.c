/* SPDX-License-Identifier: MIT */
/* unix_server - open files on behalf of others, over a Unix socket.
 *
 *     $ unix_server /tmp/files.socket /srv/files &
 *     $ unix_client /tmp/files.socket notes.txt
 *
 * What a client gets is no copy but an open descriptor, which may be of a file
 * that it could not have opened itself.  Who it is, the system says, so no
 * password is needed: by default only the same user and root are served. */
#define _GNU_SOURCE /* struct ucred */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <green.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: unix_server [options] SOCKET DIRECTORY\n"
    "  -a, --anyone   serve all users, not only the same one and root\n"
    "  -v, --verbose  a line for each request\n"
    "  -h, --help     show this\n"
    "Clients get what is in DIRECTORY itself, not below it, and no dot "
    "files.\n";

static bool anyone, verbose;
static int directory;
static long requests;

/* ---- one client ---- */

/* The user at the other end, or -1. */
#ifdef SO_PEERCRED
static uid_t user_of(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
        return (uid_t)-1;
    return peer.uid;
}
#else
static uid_t user_of(int fd)
{
    gid_t group;
    uid_t user;

    return getpeereid(fd, &user, &group) == 0 ? user : (uid_t)-1;
}
#endif

/* The open file, or -1. */
static int open_file(uid_t user, const char *name)
{
    struct stat about;
    int fd = -1;

    errno = EACCES;
    if ((anyone || user == geteuid() || user == 0) && name[0] != '.' &&
        !strchr(name, '/'))
        fd = openat(directory, name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))) {
        close(fd);
        errno = EACCES;
        fd = -1;
    }
    return fd;
}

/* The answer is one byte: 0, which has the descriptor with it, or an errno. */
static int answer(int client, int fd)
{
    unsigned char error = fd < 0 ? (unsigned char)errno : 0;
    struct iovec text = {&error, 1};
    union {
        struct cmsghdr head; /* for its alignment */
        char room[CMSG_SPACE(sizeof fd)];
    } control = {.room = {0}};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};
    struct cmsghdr *c;

    if (fd >= 0) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
        c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    return green_sendmsg(client, &message, 0) == 1 ? 0 : -1;
}

static int serve_one(int client, uid_t user, const char *name)
{
    int fd = open_file(user, name), error = errno, sent = answer(client, fd);

    requests++;
    if (verbose)
        printf("user %ld: %s: %s\n", (long)user, name,
               fd >= 0 ? "open" : strerror(error));
    fflush(stdout);
    if (fd >= 0)
        close(fd);
    return sent;
}

static void serve(int client, void *unused)
{
    uid_t user = user_of(client);
    green_stream_t *s = green_stream_open(client);
    char name[300];

    (void)unused;
    while (s && green_stream_read_line(s, name, sizeof name) > 0) {
        name[strcspn(name, "\n")] = '\0';
        if (serve_one(client, user, name) != 0)
            break;
    }
    green_stream_close(s);
}

/* ---- the program ---- */

static void *set_event(void *event)
{
    green_event_set(event);
    return NULL;
}

static int run(const char *path)
{
    green_event_t stop = GREEN_EVENT_INIT;
    green_server_t *server;
    char address[200];

    snprintf(address, sizeof address, "unix:%s", path);
    server = green_server_start(address, serve, NULL, NULL);
    if (!server || !green_signal(SIGINT, set_event, &stop) ||
        !green_signal(SIGTERM, set_event, &stop)) {
        fprintf(stderr, "unix_server: %s: %s\n", path, strerror(errno));
        return 1;
    }
    if (anyone && chmod(path, 0666) != 0)
        perror(path);
    printf("listening on %s\n", path);
    fflush(stdout);
    green_event_wait(&stop, GREEN_FOREVER);
    green_server_stop(server, 0);
    unlink(path);
    printf("stopped after %ld requests\n", requests);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"anyone", 0, NULL, 'a'},
        {"verbose", 0, NULL, 'v'},
        {"help", 0, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "avh", options, NULL)) >= 0)
        if (option == 'a') {
            anyone = true;
        } else if (option == 'v') {
            verbose = true;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    if (argc - optind != 2) {
        fputs(usage, stderr);
        return 2;
    }
    directory = open(argv[optind + 1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        fprintf(stderr, "unix_server: %s: %s\n", argv[optind + 1],
                strerror(errno));
        return 1;
    }
    return run(argv[optind]);
}

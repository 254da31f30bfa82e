/* SPDX-License-Identifier: MIT */
/* files.c - of conform.c: places in files, locks, FIFOs, flows between descriptors,
 * queues of messages. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "conform.h"

enum { MUCH = 4 << 20 };

static int temporary(char name[32])
{
    int fd;

    strcpy(name, "/tmp/green_conform_XXXXXX");
    fd = mkstemp(name);
    if (fd < 0)
        abort();
    return fd;
}

/* long: one answer a line */
static void places(void)
{
    char name[32], text[12] = "";
    int fd = temporary(name), fds[2];
    struct iovec iov[2] = {{text, 3}, {text + 3, 3}};

    unlink(name);
    tell("pwrite", pwrite(fd, "hello, you", 10, 2));
    tell("pread", pread(fd, text, 5, 2));
    printf("%s\n", text);
    tell("where it stands", lseek(fd, 0, SEEK_CUR));
    tell("preadv", preadv(fd, iov, 2, 4));
    tell("pwritev", pwritev(fd, iov, 2, 20));
    tell("preadv2", preadv2(fd, iov, 2, 4, 0));
    tell("preadv2, where it stands", preadv2(fd, iov, 2, -1, 0));
    tell("pwritev2", pwritev2(fd, iov, 2, 4, RWF_DSYNC));
    tell("preadv2, RWF_NOWAIT", preadv2(fd, iov, 2, 0, RWF_NOWAIT));
    tell("preadv2, no such flag", preadv2(fd, iov, 2, 0, 1 << 30));
    tell("where it stands", lseek(fd, 0, SEEK_CUR));
    tell("pread at the end", pread(fd, text, 5, 1000));
    tell("pread, before the beginning", pread(fd, text, 5, -1));
    tell("pread, n is 0", pread(fd, text, 0, 0));
    tell("fsync", fsync(fd));
    tell("fdatasync", fdatasync(fd));
    tell("sync_file_range", sync_file_range(fd, 0, 0, 0));
    close(fd);
    tell("pread, closed", pread(fd, text, 5, 0));
    tell("fsync, closed", fsync(fd));
    if (pipe(fds) != 0)
        abort();
    tell("pread of a pipe", pread(fds[0], text, 5, 0));
    tell("fsync of a pipe", fsync(fds[0]));
    close_pair(fds);
}

/* ---- locks ---- */

/* long: one answer a line */
static void locks(void)
{
    char name[32];
    int fd = temporary(name), other = open(name, O_RDWR), ready[2];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char byte;
    pid_t pid;

    tell("flock", flock(fd, LOCK_EX));
    tell("flock, LOCK_NB", flock(other, LOCK_EX | LOCK_NB));
    soon(CLOSE_IT, fd);
    tell("flock waits", flock(other, LOCK_EX));
    done_soon();
    tell("flock, no such operation", flock(other, 99));
    tell("flock, closed", flock(-1, LOCK_EX));
    if (pipe(ready) != 0)
        abort();
    pid = fork();
    if (pid == 0) {
        lockf(other, F_LOCK, 0);
        (void)!write(ready[1], "x", 1);
        usleep(50000);
        _exit(0);
    }
    tell("another has it", read(ready[0], &byte, 1));
    tell("fcntl, F_SETLK", fcntl(other, F_SETLK, &lock));
    tell("lockf, F_TEST", lockf(other, F_TEST, 0));
    tell("lockf, F_TLOCK", lockf(other, F_TLOCK, 0));
    tell("fcntl, F_SETLKW waits", fcntl(other, F_SETLKW, &lock));
    tell("lockf, F_LOCK", lockf(other, F_LOCK, 0));
    tell("lockf, F_ULOCK", lockf(other, F_ULOCK, 0));
    tell("lockf, no such command", lockf(other, 99, 0));
    tell("fcntl, F_OFD_SETLKW", fcntl(other, F_OFD_SETLKW, &lock));
    tell("fcntl, F_SETLKW, closed", fcntl(-1, F_SETLKW, &lock));
    tell("waitpid", waitpid(pid, NULL, 0) == pid);
    tell("set an owner", fcntl(ready[0], F_SETOWN, -getpgrp()));
    tell("the owner", fcntl(ready[0], F_GETOWN) == -getpgrp());
    tell("no such command", fcntl(ready[0], 9999));
    unlink(name);
    close(other);
    close_pair(ready);
}

/* ---- FIFOs ---- */

static void *write_to_fifo(void *name)
{
    int fd;

    usleep(30000);
    fd = open(name, O_WRONLY);
    usleep(20000);
    (void)!write(fd, "x", 1);
    close(fd);
    return NULL;
}

static void *read_from_fifo(void *name)
{
    char byte;
    int fd;

    usleep(30000);
    fd = open(name, O_RDONLY);
    (void)!read(fd, &byte, 1);
    close(fd);
    return NULL;
}

static void the_wrong_way(const char *name)
{
    int reader = open(name, O_RDONLY), writer = open(name, O_WRONLY);
    char byte;

    tell("read from where one writes", read(writer, &byte, 1));
    tell("write to where one reads", write(reader, "x", 1));
    close(reader);
    close(writer);
}

static void fifos(void)
{
    char name[32], byte;
    pthread_t thread;
    int fd = temporary(name);

    close(fd);
    unlink(name);
    tell("mkfifo", mkfifo(name, 0600));
    pthread_create(&thread, NULL, write_to_fifo, name);
    fd = open(name, O_RDONLY);
    tell("open a FIFO to read", fd >= 0);
    tell_flags("it", fd);
    tell("read", read(fd, &byte, 1));
    tell("read at the end", read(fd, &byte, 1));
    pthread_join(thread, NULL);
    close(fd);
    pthread_create(&thread, NULL, read_from_fifo, name);
    fd = open(name, O_WRONLY);
    tell("open a FIFO to write", fd >= 0);
    tell_flags("it", fd);
    tell("write", write(fd, "x", 1));
    pthread_join(thread, NULL);
    close(fd);
    tell("open, O_NONBLOCK", open(name, O_WRONLY | O_NONBLOCK));
    fd = open(name, O_RDWR);
    tell("open both ways", fd >= 0);
    the_wrong_way(name);
    close(fd);
    unlink(name);
    tell("open, no such file", open(name, O_RDONLY));
    fd = openat(AT_FDCWD, name, O_RDWR | O_CREAT | O_EXCL, 0640);
    tell("openat makes a file", fd >= 0);
    close(fd);
    fd = creat(name, 0600);
    tell("creat", fd >= 0);
    close(fd);
    unlink(name);
}

/* ---- flows ---- */

/* long: one answer a line */
static void flows(void)
{
    char name[32], text[16] = "";
    int file = temporary(name), fds[2], from[2], to[2];
    off_t place = 0;
    struct iovec iov = {text, 5};

    unlink(name);
    tell("make it long", ftruncate(file, MUCH));
    make_pair(SOCK_STREAM, fds);
    soon(READ_ALL, fds[1]);
    tell("sendfile", sendfile(fds[0], file, &place, MUCH));
    done_soon();
    printf("the place: %ld\n", (long)place);
    tell_flags("after sendfile", fds[0]);
    tell("sendfile at the end", sendfile(fds[0], file, &place, 10));
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    place = 0;
    printf("sendfile, O_NONBLOCK, is short: %d\n",
           sendfile(fds[0], file, &place, MUCH) < MUCH);
    tell("and then", sendfile(fds[0], file, &place, MUCH));
    tell("sendfile, closed", sendfile(-1, file, NULL, 1));
    close_pair(fds);
    make_pair(SOCK_STREAM, fds);
    if (pipe(from) != 0 || pipe(to) != 0)
        abort();
    soon(WRITE_BYTE, from[1]);
    tell("tee waits", tee(from[0], to[1], 10, 0));
    done_soon();
    tell("splice to a socket", splice(from[0], NULL, fds[0], NULL, 10, 0));
    tell_flags("after splice", fds[0]);
    tell("splice, SPLICE_F_NONBLOCK",
         splice(from[0], NULL, fds[0], NULL, 10, SPLICE_F_NONBLOCK));
    tell("read it", read(fds[1], text, 10));
    soon(WRITE_BYTE, fds[1]);
    tell("splice from a socket waits",
         splice(fds[0], NULL, from[1], NULL, 10, 0));
    done_soon();
    tell("splice, no pipe", splice(fds[0], NULL, fds[1], NULL, 10, 0));
    tell("vmsplice", vmsplice(to[1], &iov, 1, 0));
    tell("read it", read(to[0], text, 16));
    tell("splice, closed", splice(-1, NULL, to[1], NULL, 1, 0));
    close_pair(from);
    close_pair(to);
    close_pair(fds);
    close(file);
}

/* ---- numbers that end ---- */

static void numbers(void)
{
    uint64_t value = 0;
    int fd = eventfd(0, 0), other;

    tell("eventfd_write", eventfd_write(fd, 3));
    tell("eventfd_read", eventfd_read(fd, &value));
    printf("%d\n", (int)value);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    tell("eventfd_read, nothing", eventfd_read(fd, &value));
    tell("dup2 to itself", dup2(fd, fd) == fd);
    tell("dup3 to itself", dup3(fd, fd, 0));
    other = dup(fd);
    tell("dup3", dup3(fd, other, O_CLOEXEC) == other);
    tell("close-on-exec", fcntl(other, F_GETFD));
    tell("close_range", close_range((unsigned)other, (unsigned)other, 0));
    tell("it is closed", fcntl(other, F_GETFD));
    tell("close_range, odd", close_range(5, 4, 0));
    tell("dup2, closed", dup2(other, fd));
    close(fd);
    tell("dup2 to itself, closed", dup2(fd, fd));
}

/* ---- queues of messages, semaphores ---- */

static void *send_letter(void *queue)
{
    usleep(30000);
    mq_send(*(mqd_t *)queue, "hello", 5, 3);
    return NULL;
}

static void letters(void)
{
    struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 16};
    struct timespec soon_over;
    pthread_t thread;
    unsigned priority = 0;
    char name[32], text[16];
    mqd_t queue;

    snprintf(name, sizeof name, "/green_conform_%d", (int)getpid());
    queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
    mq_unlink(name);
    pthread_create(&thread, NULL, send_letter, &queue);
    tell("mq_receive waits", mq_receive(queue, text, 16, &priority));
    pthread_join(thread, NULL);
    printf("priority: %u\n", priority);
    tell("mq_send", mq_send(queue, "a", 1, 0));
    clock_gettime(CLOCK_REALTIME, &soon_over);
    soon_over.tv_nsec += 30000000;
    soon_over.tv_sec += soon_over.tv_nsec / 1000000000;
    soon_over.tv_nsec %= 1000000000;
    tell("mq_timedsend", mq_timedsend(queue, "b", 1, 0, &soon_over));
    soon_over.tv_nsec = -1;
    tell("mq_timedsend, odd time", mq_timedsend(queue, "b", 1, 0, &soon_over));
    tell("mq_receive, too little room", mq_receive(queue, text, 1, NULL));
    tell("mq_receive", mq_receive(queue, text, 16, NULL));
    mq_close(queue);
    tell("mq_receive, closed", mq_receive(queue, text, 16, NULL));
}

static int semaphore, mailbox;

static void *wake_soon(void *arg)
{
    struct sembuf up = {0, 1, 0};
    long message[2] = {7, 0};

    usleep(30000);
    semop(semaphore, &up, 1);
    usleep(30000);
    msgsnd(mailbox, message, 4, 0);
    return arg;
}

static void mailboxes(void)
{
    struct sembuf down = {0, -1, 0}, try = {0, -1, IPC_NOWAIT};
    struct timespec little = {0, 20000000};
    pthread_t thread;
    long message[2];

    semaphore = semget(IPC_PRIVATE, 1, 0600);
    mailbox = msgget(IPC_PRIVATE, 0600);
    tell("semop, IPC_NOWAIT", semop(semaphore, &try, 1));
    tell("semtimedop", semtimedop(semaphore, &down, 1, &little));
    tell("msgrcv, IPC_NOWAIT", msgrcv(mailbox, message, 8, 0, IPC_NOWAIT));
    pthread_create(&thread, NULL, wake_soon, NULL);
    tell("semop waits", semop(semaphore, &down, 1));
    tell("msgrcv waits", msgrcv(mailbox, message, 8, 0, 0));
    printf("its kind: %ld\n", message[0]);
    pthread_join(thread, NULL);
    semctl(semaphore, 0, IPC_RMID);
    msgctl(mailbox, IPC_RMID, NULL);
    tell("semop, removed", semop(semaphore, &down, 1));
    tell("msgrcv, removed", msgrcv(mailbox, message, 8, 0, 0));
}

void files(void)
{
    places();
    locks();
    fifos();
    flows();
    numbers();
    letters();
    mailboxes();
}

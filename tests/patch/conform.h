/* SPDX-License-Identifier: MIT */
/* conform.h - what plain Linux does, said the same with and without patches. */
#ifndef GREEN_TEST_CONFORM_H
#define GREEN_TEST_CONFORM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Print the result of a call, and its errno if it failed. */
void tell(const char *what, long result);

/* What a thread does a moment later, when this one has likely begun to wait. */
enum deed {
    WRITE_BYTE,
    WRITE_MUCH,
    READ_ALL,
    CLOSE_IT,
    CONNECT_TO,
    SIGNAL_US,   /* the thread that asked, with that signal */
    SIGNAL_OFTEN /* again and again, as one may come too early to interrupt */
};
void soon(enum deed deed, int fd);
void done_soon(void); /* wait for all of them */

/* Has this call of ours waited at least so long?  For timeouts. */
int64_t begin_watch(void);
void tell_waited(const char *what, int64_t begun, int milliseconds);

/* The flags of a descriptor that a patch could have left changed. */
void tell_flags(const char *what, int fd);

void make_pair(int type, int fds[2]);
void close_pair(int fds[2]);

void sockets(void);
void streams(void);
void pipes(void);
void polls(void);
void times(void);
void files(void);
void processes(void);
void pointers(void);
void by_number(void);
void masks(void);

/* For the first greenlet, as for the first thread. */
void interrupted(void);
void thread_locks(void);

#endif

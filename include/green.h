/* SPDX-License-Identifier: MIT */
/* green.h - libgreen: greenlets for C.  This header is the manual. */
#ifndef GREEN_H
#define GREEN_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GREEN_API __attribute__((visibility("default")))
#define GREEN_NORETURN __attribute__((noreturn))
#define GREEN_FORMAT(string, first) __attribute__((format(printf, string, first)))
#else
#define GREEN_API
#define GREEN_NORETURN
#define GREEN_FORMAT(string, first)
#endif

struct addrinfo; /* <netdb.h> */

#define GREEN_VERSION_MAJOR 0
#define GREEN_VERSION_MINOR 1
#define GREEN_VERSION_PATCH 0
GREEN_API const char *green_version(void);

/* ---- time ---- */

#define GREEN_US INT64_C(1000)
#define GREEN_MS INT64_C(1000000)
#define GREEN_SEC INT64_C(1000000000)
#define GREEN_FOREVER INT64_MAX
GREEN_API int64_t green_now(void);

/* ---- greenlets ---- */

typedef struct green green_t;

typedef struct green_options {
    const char *name;
    size_t stack_size;
    int64_t delay;
    size_t copy;
} green_options_t;

GREEN_API green_t *green_spawn(void *(*fn)(void *arg), void *arg);
GREEN_API green_t *green_spawn_with(const green_options_t *options, void *(*fn)(void *arg), void *arg);
GREEN_API int green_go(void *(*fn)(void *arg), void *arg);
GREEN_API int green_join(green_t *g, void **value, int64_t timeout);
GREEN_API int green_get(green_t *g, void **value, int64_t timeout);
GREEN_API int green_joinall(green_t *const *gs, size_t n, int64_t timeout);
GREEN_API void green_kill(green_t *g);
GREEN_API int green_killall(green_t *const *gs, size_t n, int64_t timeout);
GREEN_API bool green_started(const green_t *g);
GREEN_API bool green_ready(const green_t *g);
GREEN_API bool green_successful(const green_t *g);
GREEN_API bool green_killed(const green_t *g);
GREEN_API void *green_value(const green_t *g);
GREEN_API int green_error(const green_t *g);
GREEN_API const char *green_error_text(const green_t *g);
GREEN_API green_t *green_retain(green_t *g);
GREEN_API void green_release(green_t *g);
GREEN_API void green_releaseall(green_t *const *gs, size_t n);
GREEN_API green_t *green_self(void);
GREEN_API uint64_t green_id(const green_t *g);
GREEN_API void green_set_name(const char *name);
GREEN_API const char *green_name(const green_t *g);
GREEN_API int green_yield(void);
GREEN_API int green_sleep(int64_t duration);
GREEN_API GREEN_NORETURN void green_exit(void *value);
GREEN_API GREEN_NORETURN GREEN_FORMAT(2, 3) void green_fail(int error, const char *format, ...);
GREEN_API int green_defer(void (*fn)(void *arg), void *arg);
GREEN_API int green_link(green_t *g, void *(*fn)(void *arg), void *arg);
GREEN_API int green_link_value(green_t *g, void *(*fn)(void *arg), void *arg);
GREEN_API int green_link_error(green_t *g, void *(*fn)(void *arg), void *arg);

/* ---- scopes ---- */

typedef struct green_scope { /* private */
    struct green_scope *outer;
    green_t *owner;
    int64_t deadline;
    bool is_shield, fired;
} green_scope_t;

GREEN_API void green_timeout_begin(green_scope_t *s, int64_t timeout);
GREEN_API void green_shield_begin(green_scope_t *s, int64_t timeout);
GREEN_API bool green_scope_end(green_scope_t *s);

/* ---- waiters: what the objects below contain ---- */

struct green_waiter;
typedef struct green_waiters { /* private; all zero: nobody waits */
    struct green_waiter *first, *last;
} green_waiters_t;

struct green_waiter { /* private; lives in the frame of the greenlet that waits */
    struct green_waiter *next, *prev;
    green_waiters_t *queue; /* that it is in, or NULL */
    green_t *greenlet;
    void *item;             /* what is handed over, or where it goes */
    int index;              /* of this waiter among those of one wait */
    int detail;             /* what for: see the object */
};

/* ---- event ---- */

typedef struct green_event { /* private */
    bool is_set;
    green_waiters_t waiters;
} green_event_t;
#define GREEN_EVENT_INIT {false, {NULL, NULL}}

GREEN_API void green_event_init(green_event_t *e);
GREEN_API void green_event_set(green_event_t *e);
GREEN_API void green_event_clear(green_event_t *e);
GREEN_API bool green_event_is_set(const green_event_t *e);
GREEN_API int green_event_wait(green_event_t *e, int64_t timeout);

/* ---- sem ---- */

typedef struct green_sem { /* private */
    long value;
    green_waiters_t waiters;
} green_sem_t;
#define GREEN_SEM_INIT(value) {(value), {NULL, NULL}}

GREEN_API void green_sem_init(green_sem_t *s, long value);
GREEN_API int green_sem_wait(green_sem_t *s, int64_t timeout);
GREEN_API void green_sem_post(green_sem_t *s);
GREEN_API long green_sem_value(const green_sem_t *s);

/* ---- mutex ---- */

typedef struct green_mutex { /* private */
    green_t *owner;
    green_waiters_t waiters;
} green_mutex_t;
#define GREEN_MUTEX_INIT {NULL, {NULL, NULL}}

GREEN_API void green_mutex_init(green_mutex_t *m);
GREEN_API int green_mutex_lock(green_mutex_t *m, int64_t timeout);
GREEN_API void green_mutex_unlock(green_mutex_t *m);

/* ---- cond ---- */

typedef struct green_cond { /* private */
    green_waiters_t waiters;
} green_cond_t;
#define GREEN_COND_INIT {{NULL, NULL}}

GREEN_API void green_cond_init(green_cond_t *c);
GREEN_API int green_cond_wait(green_cond_t *c, green_mutex_t *m, int64_t timeout);
GREEN_API void green_cond_signal(green_cond_t *c);
GREEN_API void green_cond_broadcast(green_cond_t *c);

/* ---- queues: items are copied in and out ---- */

typedef struct green_queue { /* private */
    size_t item_size, max;
    int kind; /* fifo, lifo, priority */
    int (*compare)(const void *a, const void *b);
    char *items;
    size_t room, first, count;
    size_t unfinished;
    uint64_t put_count;
    bool closed;
    green_waiters_t getters, putters, joiners;
} green_queue_t;
#define GREEN_QUEUE_KIND_INIT(type, max, kind, compare)                        \
    {sizeof(type), (max), (kind), (compare), NULL, 0, 0, 0, 0, 0, false,       \
     {NULL, NULL}, {NULL, NULL}, {NULL, NULL}}
#define GREEN_QUEUE_INIT(type, max) GREEN_QUEUE_KIND_INIT(type, max, 0, NULL)
#define GREEN_LIFO_INIT(type, max) GREEN_QUEUE_KIND_INIT(type, max, 1, NULL)
#define GREEN_PRIORITY_INIT(type, max, compare)                                \
    GREEN_QUEUE_KIND_INIT(type, max, 2, compare)
#define GREEN_CHANNEL_INIT(type) GREEN_QUEUE_KIND_INIT(type, 0, 0, NULL)

GREEN_API void green_queue_init(green_queue_t *q, size_t item_size, size_t max);
GREEN_API void green_lifo_init(green_queue_t *q, size_t item_size, size_t max);
GREEN_API void green_priority_init(green_queue_t *q, size_t item_size, size_t max, int (*compare)(const void *a, const void *b));
GREEN_API int green_queue_put(green_queue_t *q, const void *item, int64_t timeout);
GREEN_API int green_queue_get(green_queue_t *q, void *item, int64_t timeout);
GREEN_API int green_queue_peek(green_queue_t *q, void *item, int64_t timeout);
GREEN_API size_t green_queue_size(const green_queue_t *q);
GREEN_API void green_queue_close(green_queue_t *q);
GREEN_API void green_queue_discard(green_queue_t *q);
GREEN_API int green_queue_task_done(green_queue_t *q);
GREEN_API int green_queue_join(green_queue_t *q, int64_t timeout);
GREEN_API void green_queue_destroy(green_queue_t *q);

/* ---- locals ---- */

typedef struct green_local { /* private */
    void (*destructor)(void *value);
} green_local_t;
#define GREEN_LOCAL_INIT(destructor) {(destructor)}

GREEN_API void green_local_init(green_local_t *l, void (*destructor)(void *value));
GREEN_API void *green_local_get(green_local_t *l);
GREEN_API int green_local_set(green_local_t *l, void *value);

/* ---- select ---- */

typedef struct green_case { /* private */
    int kind, fd, events;
    void *object;
    void *item;
    int64_t duration;
    struct green_waiter waiter;
} green_case_t;

#define GREEN_CASE_JOIN 1
#define GREEN_CASE_EVENT 2
#define GREEN_CASE_SEM 4
#define GREEN_CASE_GET 5
#define GREEN_CASE_PUT 6
#define GREEN_CASE_FD 7
#define GREEN_CASE_TIMER 8

#ifdef __cplusplus
#define GREEN_CASE_INIT(kind, fd, events, object, item, duration)              \
    green_case_t                                                               \
    {                                                                          \
        (kind), (fd), (events), (object), (item), (duration), {                \
            NULL, NULL, NULL, NULL, NULL, 0, 0                                 \
        }                                                                      \
    }
#else
#define GREEN_CASE_INIT(kind, fd, events, object, item, duration)              \
    ((green_case_t){(kind), (fd), (events), (object), (item), (duration),      \
                    {NULL, NULL, NULL, NULL, NULL, 0, 0}})
#endif
#define GREEN_ON_JOIN(g) GREEN_CASE_INIT(GREEN_CASE_JOIN, 0, 0, (g), NULL, 0)
#define GREEN_ON_EVENT(e) GREEN_CASE_INIT(GREEN_CASE_EVENT, 0, 0, (e), NULL, 0)
#define GREEN_ON_SEM(s) GREEN_CASE_INIT(GREEN_CASE_SEM, 0, 0, (s), NULL, 0)
#define GREEN_ON_GET(q, item) GREEN_CASE_INIT(GREEN_CASE_GET, 0, 0, (q), (item), 0)
#define GREEN_ON_PUT(q, item) GREEN_CASE_INIT(GREEN_CASE_PUT, 0, 0, (q), (void *)(uintptr_t)(item), 0)
#define GREEN_ON_FD(fd, events) GREEN_CASE_INIT(GREEN_CASE_FD, (fd), (events), NULL, NULL, 0)
#define GREEN_ON_TIMER(duration) GREEN_CASE_INIT(GREEN_CASE_TIMER, 0, 0, NULL, NULL, (duration))

GREEN_API int green_select(green_case_t *cases, int n, int64_t timeout);

/* ---- descriptors: the POSIX call, cooperative ---- */

#define GREEN_READ 1
#define GREEN_WRITE 2
GREEN_API int green_wait_fd(int fd, int events, int64_t timeout);
GREEN_API ssize_t green_read(int fd, void *buffer, size_t n);
GREEN_API ssize_t green_write(int fd, const void *buffer, size_t n);
GREEN_API ssize_t green_readv(int fd, const struct iovec *iov, int n);
GREEN_API ssize_t green_writev(int fd, const struct iovec *iov, int n);
GREEN_API ssize_t green_pread(int fd, void *buffer, size_t n, off_t offset);
GREEN_API ssize_t green_pwrite(int fd, const void *buffer, size_t n, off_t offset);
GREEN_API ssize_t green_read_all(int fd, void *buffer, size_t n);
GREEN_API ssize_t green_write_all(int fd, const void *buffer, size_t n);
GREEN_API ssize_t green_recv(int fd, void *buffer, size_t n, int flags);
GREEN_API ssize_t green_send(int fd, const void *buffer, size_t n, int flags);
GREEN_API ssize_t green_recvfrom(int fd, void *buffer, size_t n, int flags, struct sockaddr *address, socklen_t *length);
GREEN_API ssize_t green_sendto(int fd, const void *buffer, size_t n, int flags, const struct sockaddr *address, socklen_t length);
GREEN_API ssize_t green_recvmsg(int fd, struct msghdr *message, int flags);
GREEN_API ssize_t green_sendmsg(int fd, const struct msghdr *message, int flags);
GREEN_API int green_accept(int fd, struct sockaddr *address, socklen_t *length);
GREEN_API int green_connect(int fd, const struct sockaddr *address, socklen_t length);
GREEN_API int green_poll(struct pollfd *fds, nfds_t n, int64_t timeout);
GREEN_API int green_close(int fd);
GREEN_API int green_shutdown(int fd, int how);


/* ---- network ---- */
GREEN_API int green_listen(const char *address, int backlog);
GREEN_API int green_dial(const char *address, int64_t timeout);
GREEN_API int green_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result);
GREEN_API int green_local_port(int fd);

typedef struct green_server green_server_t;
typedef void green_handler_t(int fd, void *arg);
typedef struct green_server_options {
    size_t max;
    int backlog;
    bool reuse_port;
} green_server_options_t;
GREEN_API green_server_t *green_server_start(const char *address, green_handler_t *handler, void *arg, const green_server_options_t *options);
GREEN_API int green_server_port(const green_server_t *s);
GREEN_API int green_server_stop(green_server_t *s, int64_t grace);
GREEN_API int green_serve_forever(const char *address, green_handler_t *handler, void *arg);


/* ---- threads ---- */

typedef struct green_hub green_hub_t;
GREEN_API green_hub_t *green_hub(void);
GREEN_API int green_spawn_on(green_hub_t *hub, void *(*fn)(void *arg), void *arg);
GREEN_API int green_offload(void *(*fn)(void *arg), void *arg, void **result, int64_t timeout);

/* ---- looking inside ---- */

GREEN_API void green_dump(int fd);
typedef struct green_stats {
    uint64_t greenlets, ready, spawned, switches, polls, timers, stacks_cached, stacks_unguarded;
} green_stats_t;
GREEN_API int green_stats(green_stats_t *stats);
GREEN_API uint64_t green_trace_hash(void);
GREEN_API void green_set_deadlock_fn(void (*fn)(void *arg), void *arg);

#ifdef __cplusplus
}
#endif
#endif

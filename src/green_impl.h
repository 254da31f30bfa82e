/* SPDX-License-Identifier: MIT */
/* green_impl.h - the two structures that the files of src/ share.
 *
 * Each group of fields names the file that owns it; only that file writes to
 * them, others read.  What a switch touches comes first. */
#ifndef GREEN_IMPL_H
#define GREEN_IMPL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "green.h"
#include "heap.h"
#include "list.h"
#include "stack.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* new -> ready <-> running -> ended, and running -> waiting -> ready; a
 * greenlet that is to start later, or after another, is new and waiting. */
enum green_state {
    GREEN_STATE_READY,
    GREEN_STATE_RUNNING,
    GREEN_STATE_WAITING,
    GREEN_STATE_ENDED
};

/* What a greenlet waits for; the words are in dump.c. */
enum green_reason {
    WAIT_NONE,
    WAIT_START,   /* its delay, or the end of the greenlet it is linked to */
    WAIT_YIELD,
    WAIT_SLEEP,
    WAIT_JOIN,    /* object: the greenlet */
    WAIT_FIRST,   /* green_join_any */
    WAIT_OTHERS,  /* green_run */
    WAIT_EVENT,   /* object: address, here and below */
    WAIT_FUTURE,
    WAIT_SEM,
    WAIT_MUTEX,
    WAIT_COND,
    WAIT_RWLOCK,
    WAIT_BARRIER,
    WAIT_WAITGROUP,
    WAIT_ONCE,
    WAIT_GET,
    WAIT_PUT,
    WAIT_QUEUE,   /* green_queue_join */
    WAIT_SELECT,
    WAIT_READ,    /* object: descriptor */
    WAIT_WRITE,
    WAIT_FD,
    WAIT_POLL,
    WAIT_OFFLOAD,
    WAIT_CALL,    /* object: the other hub's address */
    WAIT_GROUP,   /* object: address, here and below */
    WAIT_ROOM,    /* of a pool */
    WAIT_TASKS,   /* all of a pool, object: its group */
    WAIT_MAP,     /* some of a pool */
    WAIT_IMAP,
    WAIT_CHILD    /* object: the process, or that it is none in particular */
};

/* What the C++ runtime keeps of exceptions for each thread. */
struct green_exceptions {
    void *caught;      /* being handled, a list */
    unsigned uncaught; /* thrown, and not handled yet */
};

struct green {
    /* sched.c: what a switch touches, in one cache line */
    void *sp;                    /* saved stack pointer; NULL: has none yet */
    struct green_hub *hub;
    void *stack;                 /* its top; NULL: not attached; main's is NULL */
    void *begin;                 /* where it starts on it: below a copied argument */
    uint8_t state;               /* enum green_state */
    uint8_t reason;              /* enum green_reason, while waiting */
    uint8_t stack_class;
    bool started;

    /* wait.c: the wait this greenlet is in, or how the last one ended */
    int wake_error;              /* 0: it got what it waited for */
    int wake_index;              /* which waiter, of several */
    struct green_waiter *waits;  /* its waiters, in its own frame */
    unsigned n_waits, stride;    /* how many, how far apart in bytes */
    bool timer_fails;            /* in the heap of timeouts, not of sleepers */
    uint32_t timer;              /* place in that heap, or 0 */
    int64_t due;                 /* this time makes the wait a success */
    int64_t until;               /* this time makes it fail with ETIMEDOUT */
    int due_index;               /* wake_index for `due` */
    uint32_t sought;             /* cycle.c: the search that met it last */
    uintptr_t object;            /* what it waits for, see enum green_reason */
    int64_t since;               /* when it began, by the hub's last look */
    green_t *const *blocker;     /* who must act first, if one greenlet must */
    unsigned holds;              /* locks that it owns */

    /* scope.c */
    int64_t limit;               /* from this time on blocking calls fail;
                                    INT64_MIN once killed */
    green_scope_t *scope;        /* the innermost */
    bool killed;
    bool gone;                   /* it stayed in the parent of a fork */
    unsigned refusals;           /* blocking calls refused in a row */

    /* greenlet.c */
    void *(*fn)(void *arg);
    void *arg;
    void *value;
    int error;
    char *error_text;
    char *name;                  /* ours, or NULL */
    uint64_t id, parent_id;
    void *spawn_site;            /* return address of the spawning call */
    unsigned references;
    bool is_service;             /* of the library: green_run waits for others,
                                    and its waits for descriptors are no hope */
    unsigned picks;              /* calls of green_join_any that wait for it */
    uint64_t ended;              /* end.c: as the how-manieth; 0: it has not */
    green_waiters_t joiners;     /* in join, linked, or counting: see greenlet.h */
    struct green_waiter link;    /* of one that starts when another has ended */
    struct deferred *deferred;   /* latest first */
    struct local_value *locals;  /* local.c; latest first */
    green_t *next, *previous;    /* all greenlets of the hub, oldest first;
                                    `next` also chains free control blocks */

    unsigned recording;          /* timeline.c: that knows its name */

    struct green_exceptions exceptions; /* exceptions.c, while it does not run */

    /* fiber.c */
    void *fake_stack;            /* AddressSanitizer's */
    void *fiber;                 /* ThreadSanitizer's */
} __attribute__((aligned(64)));

/* What another thread asks a hub to do; delivered by the hub's own thread. */
struct message {
    struct message *next;
    void (*deliver)(struct green_hub *h, struct message *m);
};

/* What a hub tells those who observe it, of which greenlet. */
enum green_happening {
    HAPPENS_SPAWN,  /* g was made */
    HAPPENS_SWITCH, /* g stops, next goes on */
    HAPPENS_END,    /* g has ended; it will stop once more */
    HAPPENS_REST,   /* nobody is ready; g stopped last */
    HAPPENS_RESTED  /* the world was waited for */
};

/* Must not switch. */
typedef void green_observer_fn(struct green_hub *h, enum green_happening what,
                               green_t *g, green_t *next);

/* Who observes, in the order in which they are told. */
enum { OBSERVER_HASH, OBSERVER_TIMELINE, OBSERVER_HOOKS, OBSERVERS };

/* A poller's own state: see hub.h. */
struct poller;

struct green_hub {
    /* sched.c */
    green_t *current;
    green_t **ring;              /* ready greenlets, a ring of mask + 1 places */
    uint32_t mask, head, tail;   /* head == tail: nobody is ready; free-running */
    int budget;                  /* switches until turn() is called */
    void (*swap)(green_t *from, green_t *to); /* plain, or observed */
    void (*turn)(struct green_hub *h); /* set by hub.c: makes somebody ready */
    int *thread_errno;           /* its address; a call to libc else */
    void *(*entry)(void);        /* set by greenlet.c: what each one begins with, */
    void (*cut_off)(green_t *g); /* and how it ends if its thread does */
    uint64_t switches;
    uint64_t default_control;    /* floating-point control of new greenlets */
    uint64_t trace_hash;         /* trace.c */
    green_observer_fn *observers[OBSERVERS]; /* NULL: does not observe */
    bool observed;               /* by one of them */
    bool fibers_on;              /* a sanitizer must be told of switches */
    struct green_exceptions *exceptions; /* this thread's, or NULL */
    green_hooks_t hooks;         /* hooks.c */

    /* wait.c */
    int64_t now;                 /* the clock at the last look */
    struct heap sleepers;        /* waits that time makes a success */
    struct heap timeouts;        /* waits that time makes fail */
    int64_t expiring;            /* timeouts up to this time await their turn, or
                                    INT64_MIN */
    uint32_t searches;           /* cycle.c: their number */

    /* hub.c */
    struct poller *poller;
    int (*open_poller)(struct green_hub *h);
    void (*close)(struct green_hub *h);
    struct fd_table *fds;
    unsigned fd_waits;           /* waiters on descriptors */
    unsigned service_waits;      /* of services, among them */
    int turn_length;             /* switches per turn, adapted to their speed */
    int credit;                  /* calls until a chatty greenlet gives way */
    uint32_t look_mark;          /* the hub looks around when head reaches this */
    uint32_t expire_mark;        /* timeouts wait until head reaches this */
    struct fd_state *parked;     /* descriptors to check before the hub blocks */
    unsigned n_parked;           /* how many those are */
    bool parked_foreign;         /* among them one that the library did not make */
    struct fd_state *seen;       /* those checked since the hub last blocked */
    int64_t spin;                /* for so long it asks before it sleeps */
    int64_t checked;             /* when those of ours were checked last */
    int64_t glanced;             /* and when the others */
    int64_t armed;               /* when overflow.c was asked last */
    _Atomic(struct message *) mail; /* mail.c, as the next five; latest first */
    struct message *inbox, *inbox_last; /* oldest first, to be delivered */
    atomic_bool awake;           /* no wake-up needed: one is under way */
    int wake_fds[2];             /* a pipe; -1: not made */
    unsigned outside;            /* answers that other threads owe us, and
                                    signals that may come */
    bool shown;                  /* green_hub() gave our address away */
    green_hub_t *next_hub;       /* hubs.c: all hubs of the process */
    uint64_t serial;             /* hubs.c: of this hub alone, unlike its address */
    bool is_shut;                /* hubs.c: takes no more work */
    struct hub_thread *thread;   /* thread.c: if it runs this hub alone */
    uint64_t polls;
    green_t *leader;             /* main; in the child of a fork, who forked;
                                    NULL: that one has ended there */
    void (*end_watches)(struct green_hub *h); /* signal.c, if it has some */
    struct parked *parked_ones;  /* parked.c: greenlets that anybody may wake */
    void (*end_parked)(struct green_hub *h); /* if there were some */
    struct answer *answers;      /* answer.c: that have come and are not taken */
    void (*end_answers)(struct green_hub *h); /* if there were some */
    struct call *calls;          /* call.c: of others, whose greenlets are here */
    void (*end_debug)(struct green_hub *h); /* debug.c, if it was here */
    void (*end_calls)(struct green_hub *h); /* call.c, if there were some */
    struct uring *uring;         /* uring.c; NULL: not asked for yet */
    void (*end_uring)(struct green_hub *h); /* if it has one */
    green_watch_t *reaper;       /* child.c: of children nobody asks for */
    void (*deadlock_fn)(void *arg);
    void *deadlock_arg;

    /* timeline.c */
    unsigned recording;          /* that it takes, or took, part in */
    unsigned recorded_as;        /* its number in that */
    uint32_t run_mark;           /* head when the last run was over */
    bool run_over;               /* and maybe nobody has gone on since */
    int64_t run_begin;           /* of the run, or rest, of now */

    /* greenlet.c */
    struct stacks stacks;
    green_t *first, *last;       /* all that have not ended, oldest first */
    green_t *free_blocks;
    struct slab *slabs;
    uint32_t live;               /* greenlets that have not ended, main too */
    uint32_t services;           /* of those, the library's own */
    uint64_t last_end;           /* greenlets that have ended */
    green_waiters_t pickers;     /* in green_join_any */
    green_waiters_t runners;     /* main, in green_run */
    uint32_t room;               /* greenlets that ring and heaps have room for */
    uint64_t last_id;
    uint64_t spawned;
    void (*farewell)(struct green_hub *h); /* main's deferred calls and locals */
    void (*end_locals)(struct local_value **locals); /* set by local.c */
    bool inherits;               /* local.c: one that is inherited was set here */
    void (*free_greenlets)(struct green_hub *h);
    green_t main;                /* the thread's own greenlet */

    /* turn.c */
    atomic_bool resting;         /* nobody is ready, the poller waits */

    /* poke.c */
    pthread_t pthread;           /* whose hub this is */
    atomic_int poke_state;
    void (*poked)(struct green_hub *h); /* to be called by the handler */

    /* watchdog.c; written by its thread */
    _Atomic uint32_t seen_head;  /* head, when it looked last */
    atomic_uint stuck_ms;        /* for how long head has been that, at least */
    bool is_reported;            /* its thread was asked to tell of it */

    /* overflow.c */
    void *signal_stack;          /* ours, or NULL */
    bool signal_stack_asked;
    unsigned attaches;           /* starts of greenlets, for overflow.h's rhythm */
};

/* The hub of this thread, or NULL before its first use. */
extern _Thread_local struct green_hub *green__current_hub
    __attribute__((tls_model("initial-exec")));

/* Make it; NULL with ENOMEM.  In hub.c: the one call up the layers, */
struct green_hub *green__hub_open(void);

/* but for this one by it: do as GREEN_DEBUG_SOCKET says, once.  In debug.c. */
void green__debug_open(void);

static inline struct green_hub *green__hub(void)
{
    struct green_hub *h = green__current_hub;

    return LIKELY(h) ? h : green__hub_open();
}

#endif

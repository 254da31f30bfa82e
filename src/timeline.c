/* SPDX-License-Identifier: MIT */
/* timeline.c - layer 4: a recording of what each greenlet did, for a viewer.
 *
 * The file is an array of Chrome's trace events, which Perfetto shows: each hub
 * as a "process", each of its greenlets as a "thread", and one for its rests:
 *
 *     #0 at rest                        [    ]
 *     #1 main      [ ]                        []
 *     #7 worker        [              ]         [     ]
 *
 * A slice is one run of a greenlet.  It ends when the greenlet stops, or, if
 * the hub rests before another one goes on, at the beginning of that rest:
 * what the hub does is done on the stack of who stopped last.
 *
 * Each hub takes part by its own doing, since nobody else may change how it
 * switches: at the start, at its birth, or when a message tells it to. */
#include "timeline.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include "dump.h"
#include "hubs.h"
#include "line.h"
#include "mail.h"
#include "recording.h"
#include "sched.h"
#include "sys.h"

#define NAME_ROOM 200 /* for a name, as it is written */

/* ---- events ---- */

/* Put an event of h's into the file, or see that it has no more part in it. */
static void put_event(struct green_hub *h, const struct line *l)
{
    if (!green__recording_put(h->recording, l->text, l->n))
        green__observe(h, OBSERVER_TIMELINE, NULL);
}

/* How many bytes follow the first of a character; -1: it is not the first. */
static int bytes_behind(unsigned char first)
{
    if (first < 0x80)
        return 0;
    if (first < 0xc0)
        return -1;
    return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

/* The character at *at, which moves behind it; '?' for what is not UTF-8. */
static uint32_t next_character(const char **at)
{
    const unsigned char *s = (const unsigned char *)*at;
    int more = bytes_behind(s[0]), i;
    uint32_t c;

    ++*at;
    if (more <= 0)
        return more == 0 ? s[0] : '?';
    c = s[0] & (0x3fu >> more);
    for (i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return '?';
        c = c << 6 | (s[i] & 0x3f);
    }
    *at += more;
    return c <= 0x10ffff ? c : '?';
}

static void add_escape(struct line *l, uint32_t c)
{
    green__line_add(l, "\\u%04" PRIx32, c);
}

/* A string of JSON, in ASCII. */
static void add_string(struct line *l, const char *text)
{
    size_t end = l->n + NAME_ROOM;

    green__line_text(l, "\"");
    while (*text && l->n < end) {
        uint32_t c = next_character(&text);

        if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
            green__line_text(l, (char[]){(char)c, '\0'});
        } else if (c <= 0xffff) {
            add_escape(l, c);
        } else {
            add_escape(l, 0xd800 + ((c - 0x10000) >> 10));
            add_escape(l, 0xdc00 + (c & 0x3ff));
        }
    }
    green__line_text(l, "\"");
}

static void add_name_of(struct line *l, const green_t *g)
{
    if (*green_name(g)) {
        add_string(l, green_name(g));
        return;
    }
    green__line_text(l, "\"greenlet ");
    green__line_number(l, g->id, 1);
    green__line_text(l, "\"");
}

/* Microseconds, with decimals. */
static void add_time(struct line *l, const char *key, int64_t ns)
{
    green__line_text(l, key);
    green__line_number(l, (uint64_t)ns / 1000, 1);
    green__line_text(l, ".");
    green__line_number(l, (uint64_t)ns % 1000, 3);
}

static void begin_event(struct line *l, const char *phase,
                        const struct green_hub *h, uint64_t track)
{
    green__line_text(l, "\n{\"ph\": \"");
    green__line_text(l, phase);
    green__line_text(l, "\", \"pid\": ");
    green__line_number(l, h->recorded_as, 1);
    green__line_text(l, ", \"tid\": ");
    green__line_number(l, track, 1);
}

/* What the viewer is to call a hub, or one of its tracks. */
static void begin_label(struct line *l, const struct green_hub *h,
                        const char *what, uint64_t track)
{
    begin_event(l, "M", h, track);
    green__line_add(l, ", \"name\": \"%s\", \"args\": {\"name\": ", what);
}

static void end_label(struct green_hub *h, struct line *l)
{
    green__line_add(l, "}}");
    put_event(h, l);
}

static void label_hub(struct green_hub *h)
{
    struct line hub = {.n = 0}, rests = {.n = 0};

    begin_label(&hub, h, "process_name", 0);
    green__line_add(&hub, "\"hub %u\"", h->recorded_as);
    end_label(h, &hub);
    begin_label(&rests, h, "thread_name", 0);
    green__line_add(&rests, "\"at rest\"");
    end_label(h, &rests);
}

/* Once in a recording. */
static void label_greenlet(struct green_hub *h, green_t *g)
{
    struct line l = {.n = 0};

    if (g->recording == h->recording)
        return;
    g->recording = h->recording;
    begin_label(&l, h, "thread_name", g->id);
    add_name_of(&l, g);
    end_label(h, &l);
}

static void begin_slice(struct line *l, const struct green_hub *h,
                        uint64_t track, int64_t from, int64_t to)
{
    begin_event(l, "X", h, track);
    add_time(l, ", \"ts\": ", from);
    add_time(l, ", \"dur\": ", to - from);
    green__line_text(l, ", \"name\": ");
}

static void put_rest(struct green_hub *h, int64_t from, int64_t to)
{
    struct line l;

    l.n = 0;
    begin_slice(&l, h, 0, from, to);
    green__line_text(&l, "\"rest\"}");
    put_event(h, &l);
}

/* ---- runs ---- */

/* The run of g is over; why NULL: by what it waits for. */
static void end_run(struct green_hub *h, green_t *g, int64_t now,
                    const char *why)
{
    struct line l;

    l.n = 0;
    label_greenlet(h, g);
    begin_slice(&l, h, g->id, h->run_begin, now);
    add_name_of(&l, g);
    green__line_text(&l, ", \"args\": {\"then\": \"");
    if (why)
        green__line_text(&l, why);
    else
        green__dump_reason(&l, g);
    green__line_text(&l, "\"}}");
    put_event(h, &l);
    h->run_over = true;
    h->run_mark = h->head;
}

/* Is the run of who was last in the timeline over, and none begun since?  To go
 * on, also without a switch, a greenlet is taken from the ready queue. */
static bool no_run(const struct green_hub *h, enum green_happening what)
{
    return h->run_over && h->head - (what == HAPPENS_SWITCH) == h->run_mark;
}

static void observe_runs(struct green_hub *h, enum green_happening what,
                         green_t *g, green_t *next)
{
    int64_t now;

    (void)next;
    if (what == HAPPENS_SPAWN)
        return;
    now = green__sys.now();
    if (what == HAPPENS_RESTED)
        put_rest(h, h->run_begin, now);
    else if (!no_run(h, what))
        end_run(h, g, now, what == HAPPENS_END ? "ended" : NULL);
    if (what == HAPPENS_SWITCH)
        h->run_over = false;
    if (what != HAPPENS_END)
        h->run_begin = now;
}

/* Begin a run of the greenlet that runs now. */
static void take_part(struct green_hub *h)
{
    unsigned as = green__recording_join(&h->recording);

    if (as == 0)
        return;
    h->recorded_as = as;
    h->run_begin = green__sys.now();
    h->run_over = false;
    green__observe(h, OBSERVER_TIMELINE, observe_runs);
    label_hub(h);
}

static void leave_recording(struct green_hub *h, const char *why)
{
    if (!h->observers[OBSERVER_TIMELINE])
        return;
    if (!no_run(h, HAPPENS_REST))
        end_run(h, h->current, green__sys.now(), why);
    green__observe(h, OBSERVER_TIMELINE, NULL);
}

static void deliver_start(struct green_hub *h, struct message *m)
{
    if (h)
        take_part(h);
    green__sys.free(m);
}

static void invite(struct green_hub *h, void *self)
{
    struct message *m;

    if (h == self || !(m = green__sys.malloc(sizeof *m)))
        return;
    m->deliver = deliver_start;
    green__mail_push(h, m);
}

/* ---- begin and end ---- */

/* At exit, of the thread that calls it. */
static void leave_at_exit(void)
{
    if (green__current_hub)
        leave_recording(green__current_hub, "exit");
}

static int start_recording(const char *path)
{
    int error = green__recording_begin(path, leave_at_exit);

    errno = error;
    return error ? -1 : 0;
}

int green_trace_start(const char *path)
{
    struct green_hub *h = green__hub();

    if (!path) {
        errno = EINVAL;
        return -1;
    }
    if (!h || start_recording(path) < 0)
        return -1;
    take_part(h);
    green__hubs_each(invite, h);
    return 0;
}

int green_trace_stop(void)
{
    int error;

    if (green__current_hub)
        leave_recording(green__current_hub, "running");
    error = green__recording_end();
    errno = error;
    return error ? -1 : 0;
}

static void start_as_wished(void)
{
    const char *wish = green__sys.getenv("GREEN_TRACE");
    struct line path = {.n = 0};

    if (!wish || !*wish)
        return;
    green__line_path(&path, wish);
    start_recording(path.text);
}

void green__timeline_open(struct green_hub *h)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, start_as_wished);
    take_part(h);
}

void green__timeline_close(struct green_hub *h)
{
    leave_recording(h, "ended");
}

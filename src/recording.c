/* SPDX-License-Identifier: MIT */
/* recording.c - layer 4: the file that all hubs record what they do in.
 *
 * It is an array of events in JSON.  There is one at a time, with a number, and
 * one buffer, under a lock: a hub that has part in an earlier recording, or one
 * that has ended, finds that out when it puts an event. */
#include "recording.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include "sys.h"

#define BUFFER_SIZE 65536 /* more than any event has */

/* Under its lock. */
static struct {
    pthread_mutex_t lock;
    unsigned number; /* how many were begun */
    unsigned hubs;   /* that have taken part in this one */
    bool is_on, has_events;
    int fd;
    int error; /* of the first write that failed */
    size_t n;
    char *buffer;
    void (*last)(void);
} recording = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the file; all of this under the lock ---- */

static void write_out(void)
{
    size_t done = 0;
    ssize_t n;

    while (done < recording.n && !recording.error) {
        n = green__sys.write(recording.fd, recording.buffer + done,
                             recording.n - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            recording.error = errno;
    }
    recording.n = 0;
}

static void append(const char *text, size_t n)
{
    if (n > BUFFER_SIZE - recording.n)
        write_out();
    memcpy(recording.buffer + recording.n, text, n);
    recording.n += n;
}

static int end_recording(void)
{
    if (!recording.is_on)
        return 0;
    append("\n]\n", 3);
    write_out();
    if (green__sys.close(recording.fd) != 0 && !recording.error)
        recording.error = errno;
    green__sys.free(recording.buffer);
    recording.is_on = false;
    return recording.error;
}

/* ---- the ends of a process ---- */

static void end_at_exit(void)
{
    recording.last();
    green__recording_end();
}

static void hold_recording(void)
{
    pthread_mutex_lock(&recording.lock);
}

static void go_on_recording(void)
{
    pthread_mutex_unlock(&recording.lock);
}

/* In the child of a fork: the file is the parent's. */
static void forget_recording(void)
{
    if (recording.is_on) {
        green__sys.close(recording.fd);
        green__sys.free(recording.buffer);
        recording.is_on = false;
    }
    go_on_recording();
}

/* 0 or an error number. */
static int prepare_for_exit_and_fork(void)
{
    static bool prepared;
    int error = 0;

    if (prepared)
        return 0;
    error = pthread_atfork(hold_recording, go_on_recording, forget_recording);
    if (error == 0 && green__sys.at_exit(end_at_exit) != 0)
        error = ENOMEM;
    prepared = error == 0;
    return error;
}

/* ---- for the hubs ---- */

static int begin_recording(const char *path)
{
    int error = recording.is_on ? EBUSY : prepare_for_exit_and_fork();

    if (error)
        return error;
    recording.buffer = green__sys.malloc(BUFFER_SIZE);
    if (!recording.buffer)
        return ENOMEM;
    recording.fd =
        green__sys.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (recording.fd < 0) {
        error = errno;
        green__sys.free(recording.buffer);
        return error;
    }
    recording.number++;
    recording.hubs = 0;
    recording.error = 0;
    recording.has_events = false;
    recording.n = 0;
    recording.is_on = true;
    append("[", 1);
    return 0;
}

int green__recording_begin(const char *path, void (*last)(void))
{
    int error;

    pthread_mutex_lock(&recording.lock);
    recording.last = last;
    error = begin_recording(path);
    pthread_mutex_unlock(&recording.lock);
    return error;
}

int green__recording_end(void)
{
    int error;

    pthread_mutex_lock(&recording.lock);
    error = end_recording();
    pthread_mutex_unlock(&recording.lock);
    return error;
}

unsigned green__recording_join(unsigned *number)
{
    unsigned as = 0;

    pthread_mutex_lock(&recording.lock);
    if (recording.is_on && *number != recording.number) {
        *number = recording.number;
        as = ++recording.hubs;
    }
    pthread_mutex_unlock(&recording.lock);
    return as;
}

bool green__recording_put(unsigned number, const char *event, size_t n)
{
    bool is_on;

    pthread_mutex_lock(&recording.lock);
    is_on = recording.is_on && number == recording.number;
    if (is_on) {
        append(",", recording.has_events);
        append(event, n);
        recording.has_events = true;
    }
    pthread_mutex_unlock(&recording.lock);
    return is_on;
}

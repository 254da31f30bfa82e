/* SPDX-License-Identifier: MIT */
/* patched_streams.c - libc's streams on pipes: others run while one is waited for, a
 * line is one greenlet's, and kills and scopes end waits. */
#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <green.h>

enum { MUCH = 300000 };

static FILE *from, *to;

static void expect(bool so, const char *what)
{
    if (so)
        return;
    fprintf(stderr, "not so: %s\n", what);
    exit(1);
}

static void open_pipe(void)
{
    int ends[2];

    expect(pipe(ends) == 0, "a pipe");
    from = fdopen(ends[0], "r");
    to = fdopen(ends[1], "w");
    expect(from && to, "streams");
}

static void close_pipe(void)
{
    expect(fclose(from) == 0 && fclose(to) == 0, "closed");
}

/* Piece by piece, each when the reader waits for it: with a thread that stood still
 * there would be no second. */
static void *write_slowly(void *pieces)
{
    const char *const *piece;

    for (piece = pieces; *piece; piece++) {
        green_sleep(2 * GREEN_MS);
        expect(write(fileno(to), *piece, strlen(*piece)) > 0, "written");
    }
    return NULL;
}

static green_t *begin_writer(const char *const *pieces)
{
    return green_spawn(write_slowly, (void *)(uintptr_t)pieces);
}

static void finish(green_t *g)
{
    expect(green_join(g, NULL, GREEN_FOREVER) == 0, "joined");
    green_release(g);
}

static void lines(void)
{
    static const char *const pieces[] = {"on", "e\ntwo", "\nthr", "ee\n4",
                                         "\n", "sev",    "en",    NULL};
    char line[16], *grown = NULL, bytes[8] = "";
    size_t room = 0;
    green_t *g;

    open_pipe();
    g = begin_writer(pieces);
    expect(fgets(line, sizeof line, from) && !strcmp(line, "one\n"), "fgets");
    expect(getline(&grown, &room, from) == 4 && !strcmp(grown, "two\n"),
           "getline");
    expect(getdelim(&grown, &room, 'h', from) == 2 && !strcmp(grown, "th"),
           "getdelim");
    expect(fgets(line, 3, from) && !strcmp(line, "re"), "a part of a line");
    expect(getc(from) == 'e' && fgetc(from) == '\n', "getc");
    expect(getc_unlocked(from) == '4' && getc_unlocked(from) == '\n',
           "getc_unlocked");
    expect(fread(bytes, 1, 5, from) == 5 && !strcmp(bytes, "seven"), "fread");
    finish(g);
    free(grown);
    close_pipe();
}

static void numbers(void)
{
    static const char *const pieces[] = {"12 34\n", NULL};
    int a = 0, b = 0;
    green_t *g;

    open_pipe();
    g = begin_writer(pieces);
    expect(fscanf(from, "%d %d", &a, &b) == 2 && a == 12 && b == 34, "fscanf");
    finish(g);
    close_pipe();
}

/* ---- a full pipe ---- */

static void *read_much(void *arg)
{
    static char bytes[MUCH + 1];
    size_t n = 0, i;
    ssize_t r = 1;

    while (r > 0) {
        green_sleep(GREEN_MS);
        r = read(fileno(from), bytes + n, sizeof bytes - n);
        n += r > 0 ? (size_t)r : 0;
    }
    expect(n == MUCH, "all has come");
    for (i = 0; i < n && bytes[i] == (char)('a' + i / 100000); i++)
        continue;
    expect(i == n, "in order");
    return arg;
}

static void much(size_t room)
{
    char *bytes = malloc(200001);
    green_t *g;
    int i;

    expect(bytes, "memory");
    open_pipe();
    if (room)
        setvbuf(to, NULL, _IOFBF, room);
    g = green_spawn(read_much, NULL);
    memset(bytes, 'a', 100000);
    memset(bytes + 100000, 'b', 100000);
    bytes[200000] = '\0';
    expect(fwrite(bytes, 100, 1000, to) == 1000, "fwrite");
    expect(fprintf(to, "%s", bytes + 100000) == 100000, "fprintf");
    for (i = 0; i < 100000; i++)
        expect(i % 2 ? putc_unlocked('c', to) == 'c' : putc('c', to) == 'c',
               "putc");
    expect(fclose(to) == 0, "fclose");
    finish(g);
    fclose(from);
    free(bytes);
}

/* ---- two at a stream ---- */

static void *take_line(void *unused)
{
    static char lines[2][8];
    static int n;
    char *mine = lines[n++ % 2];

    (void)unused;
    expect(fgets(mine, 8, from), "a line");
    return mine;
}

static void two(void)
{
    static const char *const pieces[] = {"fi", "rst\nsec", "ond\n", NULL};
    green_t *a, *b, *writer;

    open_pipe();
    a = green_spawn(take_line, NULL);
    b = green_spawn(take_line, NULL);
    writer = begin_writer(pieces);
    finish(writer);
    green_join(a, NULL, GREEN_FOREVER);
    green_join(b, NULL, GREEN_FOREVER);
    expect(!strcmp(green_value(a), "first\n"), "the first has a whole line");
    expect(!strcmp(green_value(b), "second\n"), "and the second");
    green_release(a);
    green_release(b);
    close_pipe();
}

static bool locked;

static void *lock_long(void *arg)
{
    flockfile(from);
    flockfile(from);
    locked = true;
    green_sleep(5 * GREEN_MS);
    funlockfile(from);
    green_sleep(5 * GREEN_MS);
    locked = false;
    funlockfile(from);
    return arg;
}

static void locks(void)
{
    green_t *g;

    open_pipe();
    expect(fputs("x\n", to) >= 0 && fflush(to) == 0, "fflush");
    g = green_spawn(lock_long, NULL);
    green_yield();
    expect(locked && ftrylockfile(from) != 0, "it is another's");
    expect(getc(from) == 'x' && !locked, "who reads waits for its end");
    expect(ftrylockfile(from) == 0, "now it is not");
    funlockfile(from);
    finish(g);
    close_pipe();
}

/* ---- ends of waits ---- */

static void *read_in_vain(void *arg)
{
    char line[8];

    expect(!fgets(line, sizeof line, from) && errno == ECANCELED, "killed");
    expect(ferror(from) && !feof(from), "an error, not the end");
    return arg;
}

static void *fill(void *arg)
{
    char *bytes = calloc(1, MUCH);

    expect(fwrite(bytes, 1, MUCH, to) < MUCH && errno == ECANCELED,
           "killed while it writes");
    free(bytes);
    return arg;
}

static void kill_one(void *(*fn)(void *))
{
    green_t *g = green_spawn(fn, NULL);

    green_sleep(5 * GREEN_MS);
    green_kill(g);
    finish(g);
}

static void ends(void)
{
    green_scope_t t;

    open_pipe();
    kill_one(read_in_vain);
    clearerr(from);
    green_timeout_begin(&t, 5 * GREEN_MS);
    expect(getc(from) == EOF && errno == ETIMEDOUT, "a scope ends it");
    expect(green_scope_end(&t), "that scope");
    clearerr(from);
    kill_one(fill);
    __fpurge(to);
    fclose(from);
    fclose(to);
}

int main(void)
{
    expect(green_patch_all() == 0 && green_patch_verify() == 0, "patched");
    lines();
    numbers();
    much(0);
    much(65536);
    two();
    locks();
    ends();
    return 0;
}

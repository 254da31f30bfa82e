/* SPDX-License-Identifier: MIT */
/* green-run.c - the program that starts others with the engine.
 *
 * It looks at the program first, so that one for which this cannot work is refused
 * with a sentence, and not silently run as ever. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "green.h"

enum { REFUSED = 125, NOT_EXECUTABLE = 126, NOT_FOUND = 127, LONGEST = 4096 };

#define VERSION_TEXT(a, b, c) #a "." #b "." #c
#define VERSION_OF(a, b, c) VERSION_TEXT(a, b, c)

static const char manual[] =
    "usage: green-run [options] program [arguments]\n"
    "Runs a program with all its threads as greenlets of one kernel thread.\n\n"
    "  --threads N       kernel threads to use; only 1 is possible\n"
    "  --preempt MS      take turns after so much time of the processor\n"
    "  --stats           at the end, tell what was done and what waited\n"
    "  --dump SIGNAL     list the threads, and what each waits for, at a "
    "signal\n"
    "  --follow          run the programs that it starts so, too\n"
    "  --deterministic   one order of threads, as far as the world allows\n"
    "  --help, --version\n";

static struct {
    long preempt;
    int dump;
    bool stats, follow, deterministic;
} wish;

__attribute__((noreturn, format(printf, 2, 3))) static void
refuse(int status, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fputs("green-run: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(status);
}

/* ---- the program ---- */

static bool has_go_note(FILE *file, const Elf64_Phdr *p)
{
    char note[LONGEST];
    size_t n = p->p_filesz < sizeof note ? p->p_filesz : sizeof note;

    if (fseek(file, (long)p->p_offset, SEEK_SET) != 0)
        return false;
    n = fread(note, 1, n, file);
    return n >= 16 && memmem(note, n, "Go\0\0", 4) != NULL;
}

static void check_elf(FILE *file, const char *path, const Elf64_Ehdr *elf)
{
    bool has_loader = false, is_go = false;
    Elf64_Phdr p;

    if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_machine != EM_X86_64)
        refuse(NOT_EXECUTABLE, "%s is not a program for x86-64", path);
    for (int i = 0; i < elf->e_phnum; i++) {
        if (fseek(file, (long)elf->e_phoff + i * (long)sizeof p, SEEK_SET) ||
            fread(&p, sizeof p, 1, file) != 1)
            break;
        has_loader |= p.p_type == PT_INTERP;
        is_go |= p.p_type == PT_NOTE && has_go_note(file, &p);
    }
    if (is_go)
        refuse(REFUSED, "%s is a Go program, which has a scheduler of its own",
               path);
    if (!has_loader)
        refuse(REFUSED,
               "%s is statically linked; nothing can be loaded into it", path);
}

/* What a script names in its first line, or an empty text. */
static void interpreter(const char *line, char path[LONGEST])
{
    size_t n;

    line += 2;
    line += strspn(line, " \t");
    n = strcspn(line, " \t\r\n");
    memcpy(path, line, n);
    path[n] = '\0';
}

static void check(const char *path)
{
    union {
        Elf64_Ehdr elf;
        char text[256];
    } head = {.text = {0}};
    char next[LONGEST];
    struct stat s;
    FILE *file = fopen(path, "r");

    if (stat(path, &s) == 0 && (s.st_mode & (S_ISUID | S_ISGID)))
        refuse(
            REFUSED,
            "%s runs with other rights than yours (setuid); the loader would "
            "not load the engine into it",
            path);
    if (!file)
        return; /* exec knows better why not */
    if (fread(&head, 1, sizeof head - 1, file) >= sizeof head.elf &&
        memcmp(head.text, ELFMAG, SELFMAG) == 0)
        check_elf(file, path, &head.elf);
    fclose(file);
    if (memcmp(head.text, "#!", 2) == 0) {
        interpreter(head.text, next);
        check(next);
    }
}

/* As execvp looks for it. */
static void find(const char *name, char path[LONGEST])
{
    const char *at = getenv("PATH");

    snprintf(path, LONGEST, "%s", name);
    if (strchr(name, '/'))
        return;
    for (at = at ? at : "/bin:/usr/bin"; at; at = strchr(at, ':')) {
        at += *at == ':';
        snprintf(path, LONGEST, "%.*s/%s", (int)strcspn(at, ":"), at, name);
        if (access(path, X_OK) == 0)
            return;
    }
    refuse(NOT_FOUND, "%s was not found", name);
}

/* ---- the environment ---- */

/* A library beside this program, or where the installation has libraries. */
static void library(const char *name, char path[LONGEST])
{
    static const char *const places[] = {"", GREEN_RUN_LIBDIR "/"};
    char own[LONGEST];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);

    while (n > 0 && own[n - 1] != '/')
        n--;
    for (size_t i = 0; n > 0 && i < 2; i++) {
        int length =
            snprintf(path, LONGEST, "%.*s%s%s", (int)n, own, places[i], name);

        if (length < LONGEST && access(path, R_OK) == 0)
            return;
    }
    refuse(REFUSED, "%s was not found, neither beside green-run nor in %s",
           name, GREEN_RUN_LIBDIR);
}

static bool kernel_dispatches(void)
{
    return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, ~0UL,
                 0) == 0 &&
           prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0) ==
               0;
}

/* Ours is first; how long it is is told, so that it can be taken out again. */
static size_t preload(const char *path)
{
    const char *others = getenv("LD_PRELOAD");
    char all[2 * LONGEST];

    if (others && *others)
        snprintf(all, sizeof all, "%s:%s", path, others);
    else
        snprintf(all, sizeof all, "%s", path);
    setenv("LD_PRELOAD", all, 1);
    return strlen(path) + (others && *others);
}

static void prepare(void)
{
    char path[LONGEST], options[256];
    size_t n;

    if (!kernel_dispatches()) {
        fputs(
            "green-run: this kernel does not dispatch system calls; the patch "
            "library is used instead\n",
            stderr);
        library("libgreen_patch.so", path);
        preload(path);
        setenv("GREEN_PATCH", "all", 1);
        return;
    }
    library("libgreen_run.so", path);
    n = preload(path);
    snprintf(options, sizeof options, "preload=%zu,preempt=%ld,dump=%d%s%s%s",
             n, wish.preempt, wish.dump, wish.stats ? ",stats" : "",
             wish.follow ? ",follow" : "",
             wish.deterministic ? ",deterministic" : "");
    setenv("GREEN_RUN", options, 1);
}

/* ---- options ---- */

static long number(const char *option, const char *text)
{
    char *end;
    long n;

    errno = 0;
    n = text ? strtol(text, &end, 10) : 0;
    if (!text || end == text || *end || errno || n < 1 || n > 1000000)
        refuse(REFUSED, "%s needs a number, 1 or more", option);
    return n;
}

static int signal_number(const char *text)
{
    if (text && strncmp(text, "SIG", 3) == 0)
        text += 3;
    for (int i = 1; text && i < SIGSYS; i++)
        if (sigabbrev_np(i) && strcmp(sigabbrev_np(i), text) == 0)
            return i;
    return (int)number("--dump", text);
}

/* Returns how many arguments it took; 0: this is the program. */
static int option(char **arguments)
{
    const char *name = arguments[0], *value = arguments[1];

    if (strcmp(name, "--help") == 0) {
        fputs(manual, stdout);
        exit(0);
    }
    if (strcmp(name, "--version") == 0) {
        puts("green-run " VERSION_OF(GREEN_VERSION_MAJOR, GREEN_VERSION_MINOR,
                                     GREEN_VERSION_PATCH));
        exit(0);
    }
    if (strcmp(name, "--threads") == 0) {
        if (number(name, value) != 1)
            refuse(REFUSED, "--threads: only 1 kernel thread is possible");
        return 2;
    }
    if (strcmp(name, "--preempt") == 0)
        return wish.preempt = number(name, value), 2;
    if (strcmp(name, "--dump") == 0)
        return wish.dump = signal_number(value), 2;
    if (strcmp(name, "--stats") == 0)
        return wish.stats = true, 1;
    if (strcmp(name, "--follow") == 0)
        return wish.follow = true, 1;
    if (strcmp(name, "--deterministic") == 0)
        return wish.deterministic = true, 1;
    if (name[0] == '-')
        refuse(REFUSED, "there is no option %s; see green-run --help", name);
    return 0;
}

int main(int argc, char **argv)
{
    char path[LONGEST];
    int n, at = 1;

    while (at < argc && strcmp(argv[at], "--") != 0 && (n = option(argv + at)))
        at += n;
    at += at < argc && strcmp(argv[at], "--") == 0;
    if (at >= argc)
        refuse(REFUSED, "which program? see green-run --help");
    if (wish.deterministic && wish.preempt)
        refuse(REFUSED, "turns that depend on time (--preempt) are not "
                        "deterministic");
    find(argv[at], path);
    check(path);
    prepare();
    execv(path, argv + at);
    refuse(errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE, "cannot run %s: %s",
           path, strerror(errno));
}

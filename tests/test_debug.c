/* SPDX-License-Identifier: MIT */
/* test_debug.c - ask a program on a socket what its greenlets do. */
#include "support.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hub.h"
#include "sys.h"

static struct sys real;
static char directory[] = "/tmp/green-debug-XXXXXX";
static char path[sizeof directory + 8];

static int make_directory(void **state)
{
    (void)state;
    real = green__sys;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof path, "%s/socket", directory);
    return 0;
}

/* The pipe for being woken is made once, and belongs in no count. */
static int open_pipe(void **state)
{
    (void)state;
    return green__hub_share(green__hub());
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

static mode_t mode_of_file(void)
{
    struct stat status;

    return lstat(path, &status) == 0 ? status.st_mode : 0;
}

/* ---- clients ---- */

static int dial(void)
{
    char address[sizeof path + 8];
    int fd;

    snprintf(address, sizeof address, "unix:%s", path);
    fd = green_dial(address, 10 * GREEN_SEC);
    check(fd >= 0);
    return fd;
}

/* What comes up to the end, or to an empty line. */
static const char *hear(int fd)
{
    static char text[65536];
    size_t n = 0;

    while (n < sizeof text - 1 && green_read(fd, text + n, 1) == 1) {
        n++;
        if (text[n - 1] == '\n' && (n == 1 || text[n - 2] == '\n'))
            break;
    }
    text[n] = '\0';
    return text;
}

static void say(int fd, const char *line)
{
    check_equal(green_write_all(fd, line, strlen(line)), strlen(line));
}

static const char *ask(const char *line)
{
    int fd = dial();
    const char *answer;

    say(fd, line);
    answer = hear(fd);
    say(fd, "quit\n");
    check_equal(green_close(fd), 0);
    return answer;
}

static void check_answer(const char *line, const char *words)
{
    const char *answer = ask(line);

    if (!strstr(answer, words))
        check_text(answer, words);
}

static void open_socket(void)
{
    check_equal(green_debug_start(path), 0);
}

static void close_socket(void)
{
    check_equal(green_debug_stop(), 0);
    check_equal(mode_of_file(), 0);
}

/* ---- what it tells ---- */

static green_event_t over;

static void *wait_for_over(void *arg)
{
    green_set_name("leaf");
    green_event_wait(&over, GREEN_FOREVER);
    return arg;
}

static void *spawn_and_wait(void *arg)
{
    green_t *g = spawn(wait_for_over, NULL);

    green_set_name("branch");
    finish(g);
    return arg;
}

static void it_lists_who_waits_for_what(void **state)
{
    green_t *g;

    (void)state;
    green_event_init(&over);
    open_socket();
    g = spawn(wait_for_over, NULL);
    check_answer("list\n", "main  ");
    check_answer("list\n", " leaf  waiting for event 0x");
    check_answer("dump\n", "  by #1 at ");
    check_answer("stats\n", "\nswitches ");
    check_answer("help\n", "\nquit");
    green_event_set(&over);
    finish(g);
    close_socket();
}

static void its_tree_shows_who_spawned_whom(void **state)
{
    char words[200];
    green_t *g;

    (void)state;
    green_event_init(&over);
    open_socket();
    g = spawn(spawn_and_wait, NULL);
    settle();
    snprintf(words, sizeof words, "\n  #%llu branch  waiting to join greenlet",
             (unsigned long long)green_id(g));
    check_answer("tree\n", words);
    check_answer("tree\n", "\n    #");
    check_answer("tree\n", " leaf  waiting for event");
    green_event_set(&over);
    finish(g);
    close_socket();
}

static void *spawn_and_end(void *orphan)
{
    *(green_t **)orphan = spawn(wait_for_over, NULL);
    return NULL;
}

static void one_whose_parent_has_ended_is_a_root_of_the_tree(void **state)
{
    char words[200];
    green_t *orphan;

    (void)state;
    green_event_init(&over);
    open_socket();
    finish(spawn(spawn_and_end, &orphan));
    settle();
    snprintf(words, sizeof words, "\n#%llu leaf  ",
             (unsigned long long)green_id(orphan));
    check_answer("tree\n", words);
    green_event_set(&over);
    finish(orphan);
    close_socket();
}

static void it_kills_and_says_what_it_cannot_do(void **state)
{
    char line[80];
    green_t *g;

    (void)state;
    open_socket();
    g = spawn(sleep_forever, text("g"));
    settle();
    snprintf(line, sizeof line, "  kill #%llu\r\n",
             (unsigned long long)green_id(g));
    check_answer(line, " was told to end.");
    finish(g);
    check_log("g:ECANCELED");
    check_answer(line, "There is no greenlet ");
    check_answer("kill\n", "Kill whom?");
    check_answer("kill 7x\n", "Kill whom?");
    check_answer("dance now\n", "There is no command \"dance\"");
    check_text(ask("\n"), "\n");
    close_socket();
}

static void it_does_not_kill_itself(void **state)
{
    char list[65536], *at;
    int fd;

    (void)state;
    open_socket();
    fd = dial();
    say(fd, "list\n");
    snprintf(list, sizeof list, "%s", hear(fd));
    check((at = strstr(list, " acceptor ")) != NULL);
    while (at && at > list && at[-1] != '#')
        at--;
    snprintf(list, sizeof list, "kill %ld\n", at ? strtol(at, NULL, 10) : 0);
    say(fd, list);
    check(strstr(hear(fd), "serves this socket") != NULL);
    check_equal(green_close(fd), 0);
    close_socket();
}

static void a_line_that_is_too_long_is_the_last(void **state)
{
    char line[1001];
    int fd;

    (void)state;
    memset(line, 'x', 1000);
    line[1000] = '\0';
    open_socket();
    fd = dial();
    say(fd, line);
    check_text(hear(fd), "That line is too long.\n\n");
    check_equal(green_close(fd), 0);
    close_socket();
}

static void several_may_ask_at_once(void **state)
{
    int fds[5];

    (void)state;
    open_socket();
    for (int i = 0; i < 5; i++)
        fds[i] = dial();
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 5; i++) {
            say(fds[i], "stats\n");
            check(strstr(hear(fds[i]), "greenlets ") != NULL);
        }
    close_socket(); /* hangs up */
    for (int i = 0; i < 5; i++) {
        check_text(hear(fds[i]), "");
        check_equal(green_close(fds[i]), 0);
    }
}

static void a_long_answer_arrives_whole(void **state)
{
    static green_t *gs[5000];
    size_t lines = 0, n;
    char bytes[4096];
    int fd;

    (void)state;
    green_event_init(&over);
    open_socket();
    for (size_t i = 0; i < ARRAY_SIZE(gs); i++)
        gs[i] = spawn(wait_for_over, NULL);
    settle();
    fd = dial();
    say(fd, "tree\nquit\n");
    while ((n = (size_t)green_read(fd, bytes, sizeof bytes)) > 0)
        for (size_t i = 0; i < n; i++)
            lines += bytes[i] == '\n';
    check(lines > ARRAY_SIZE(gs));
    check_equal(green_close(fd), 0);
    green_event_set(&over);
    finish_all(gs, ARRAY_SIZE(gs));
    close_socket();
}

/* ---- who may ask, and where ---- */

static int watchful_listen(int fd, int backlog)
{
    check_equal(mode_of_file(), S_IFSOCK | 0600);
    note("listen");
    return real.listen(fd, backlog);
}

static void
its_file_is_closed_to_others_before_anybody_can_connect(void **state)
{
    mode_t mask = umask(0);

    (void)state;
    green__sys.listen = watchful_listen;
    open_socket();
    green__sys.listen = real.listen;
    umask(mask);
    check_log("listen");
    check_equal(mode_of_file(), S_IFSOCK | 0600);
    close_socket();
}

static int say_no(int fd)
{
    (void)fd;
    return 0;
}

static void another_user_is_not_answered(void **state)
{
    int fd;

    (void)state;
    open_socket();
    green__sys.peer_is_us = say_no;
    fd = dial();
    check_text(hear(fd), "");
    green__sys.peer_is_us = real.peer_is_us;
    check_equal(green_close(fd), 0);
    check_answer("list\n", "main");
    close_socket();
}

static void bind_path(bool and_listen, int *fd)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_equal(bind(*fd, (struct sockaddr *)&a, sizeof a), 0);
    if (and_listen)
        check_equal(listen(*fd, 5), 0);
}

static void a_dead_socket_is_replaced_a_live_one_or_a_file_never(void **state)
{
    int fd;

    (void)state;
    bind_path(false, &fd);
    check_equal(close(fd), 0);
    open_socket();
    check_answer("list\n", "main");
    close_socket();

    bind_path(true, &fd);
    check_fails(green_debug_start(path), EADDRINUSE);
    check(S_ISSOCK(mode_of_file()));
    check_equal(close(fd), 0);
    check_equal(unlink(path), 0);

    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    check_equal(close(fd), 0);
    check_fails(green_debug_start(path), EADDRINUSE);
    check(S_ISREG(mode_of_file()));
    check_equal(unlink(path), 0);
}

static void there_is_one_and_where_it_can_be(void **state)
{
    char long_path[300];

    (void)state;
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    check_fails(green_debug_start(NULL), EINVAL);
    check_fails(green_debug_start(""), EINVAL);
    check_fails(green_debug_start("@abstract"), EINVAL);
    check_fails(green_debug_start(long_path), ENAMETOOLONG);
    check_fails(green_debug_start("/tmp/no/such/directory"), ENOENT);
    check_fails(green_debug_stop(), ESRCH);
    open_socket();
    check_fails(green_debug_start(path), EBUSY);
    close_socket();
    check_fails(green_debug_stop(), ESRCH);
}

/* ---- what it does not disturb ---- */

static void ignore_report(void *arg)
{
    (void)arg;
    note("told");
}

static void main_is_told_of_a_deadlock_all_the_same(void **state)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    green_event_t never = GREEN_EVENT_INIT;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    green_set_deadlock_fn(ignore_report, NULL);
    open_socket();
    check_fails(green_event_wait(&never, GREEN_FOREVER), EDEADLK);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    check_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    check_equal(green_sleep(GREEN_MS), 0);
    check_equal(count_greenlets(), 3);
    check_fails(green_event_wait(&never, GREEN_FOREVER), EDEADLK);
    check_log("told told");
    green_set_deadlock_fn(NULL, NULL);
    check_equal(close(fd), 0);
    close_socket();
}

static void green_run_does_not_wait_for_it(void **state)
{
    (void)state;
    open_socket();
    check_equal(green_run(GREEN_FOREVER), 0);
    close_socket();
}

static void the_child_of_a_fork_has_none_and_the_parent_keeps_its(void **state)
{
    int status = -1;
    pid_t child;

    (void)state;
    open_socket();
    child = green_fork();
    if (child == 0)
        exit(green_debug_stop() == -1 && errno == ESRCH ? 0 : 1);
    check_equal(green_waitpid(child, &status, 0), child);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    check_answer("list\n", "main");
    close_socket();
}

static void *open_and_end(void *arg)
{
    open_socket();
    green_yield();
    return arg;
}

static void it_goes_with_its_thread(void **state)
{
    int before = count_descriptors();
    pthread_t thread;

    (void)state;
    check_equal(pthread_create(&thread, NULL, open_and_end, NULL), 0);
    check_equal(pthread_join(thread, NULL), 0);
    check_equal(mode_of_file(), 0);
    check_equal(count_descriptors(), before);
    open_socket();
    close_socket();
}

/* ---- in a process that has no hub yet ---- */

static void open_and_exit(void *arg)
{
    (void)arg;
    open_socket();
    check(S_ISSOCK(mode_of_file()));
    exit(EXIT_SUCCESS);
}

static void at_exit_the_file_is_removed(void **state)
{
    (void)state;
    check_in_child(open_and_exit, NULL);
    check_equal(mode_of_file(), 0);
}

static void begin_with_environment(void *arg)
{
    char wish[sizeof path + 8];

    (void)arg;
    snprintf(wish, sizeof wish, "%s/%%p", directory);
    setenv("GREEN_DEBUG_SOCKET", wish, 1);
    snprintf(path, sizeof path, "%s/%d", directory, (int)getpid());
    check_equal(mode_of_file(), 0);
    check(green_self() != NULL);
    check(S_ISSOCK(mode_of_file()));
    check_answer("list\n", "main");
    close_socket();
}

static void the_environment_asks_for_one(void **state)
{
    (void)state;
    check_in_child(begin_with_environment, NULL);
}

int main(void)
{
    const struct CMUnitTest first[] = {
        cmocka_unit_test(at_exit_the_file_is_removed),
        cmocka_unit_test(the_environment_asks_for_one),
    };
    const struct CMUnitTest tests[] = {
        green_test(it_lists_who_waits_for_what),
        green_test(its_tree_shows_who_spawned_whom),
        green_test(one_whose_parent_has_ended_is_a_root_of_the_tree),
        green_test(it_kills_and_says_what_it_cannot_do),
        green_test(it_does_not_kill_itself),
        green_test(a_line_that_is_too_long_is_the_last),
        green_test(several_may_ask_at_once),
        green_test(a_long_answer_arrives_whole),
        green_test(its_file_is_closed_to_others_before_anybody_can_connect),
        green_test(another_user_is_not_answered),
        green_test(a_dead_socket_is_replaced_a_live_one_or_a_file_never),
        green_test(there_is_one_and_where_it_can_be),
        green_test(main_is_told_of_a_deadlock_all_the_same),
        green_test(green_run_does_not_wait_for_it),
        green_test(the_child_of_a_fork_has_none_and_the_parent_keeps_its),
        green_test(it_goes_with_its_thread),
    };
    int failed;

    if (make_directory(NULL) < 0)
        return 1;
    failed = cmocka_run_group_tests(first, NULL, NULL) +
             cmocka_run_group_tests(tests, open_pipe, NULL);
    return failed + (remove_directory(NULL) != 0);
}

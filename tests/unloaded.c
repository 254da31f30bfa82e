/* SPDX-License-Identifier: MIT */
/* unloaded.c - a program that loads the shared library, uses it in a thread, and
 * closes it.  What threads and the process have to do at their end is still in
 * it, so it must stay. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *path;

static void *use_and_close(void *slept)
{
    int (*green_sleep)(int64_t);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *found = library ? dlsym(library, "green_sleep") : NULL;

    if (!found) {
        fprintf(stderr, "%s\n", dlerror());
        return NULL;
    }
    memcpy(&green_sleep, &found, sizeof found);
    *(int *)slept = green_sleep(1);
    return dlclose(library) == 0 ? slept : NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    int slept = -1;

    if (argc < 2)
        return 1;
    path = argv[1];
    if (pthread_create(&thread, NULL, use_and_close, &slept) != 0 ||
        pthread_join(thread, NULL) != 0)
        return 1;
    return slept == 0 ? 0 : 1;
}

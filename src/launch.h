/* SPDX-License-Identifier: MIT */
/* launch.h - layer 7: what is made ready before a process can be started. */
#ifndef GREEN_LAUNCH_H
#define GREEN_LAUNCH_H

#include "green_impl.h"
#include "sys.h"

struct launch {
    struct spawn_plan plan;
    char **paths;  /* one piece of memory */
    int ours[3];   /* our ends of pipes, or -1 */
    int theirs[3]; /* the child's, or -1 */
};

/* Make it of what the program asks for: 0, or -1 with errno. */
int green__launch_open(struct launch *l, struct green_hub *h,
                       const char *const *argv,
                       const green_process_options_t *options);

/* When the child has been started, or, to close our ends too, could not be. */
void green__launch_close(struct launch *l);
void green__launch_abandon(struct launch *l);

#endif

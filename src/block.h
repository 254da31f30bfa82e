/* SPDX-License-Identifier: MIT */
/* block.h - layer 5: the control blocks of greenlets. */
#ifndef GREEN_BLOCK_H
#define GREEN_BLOCK_H

#include "green_impl.h"

/* A zeroed block of this hub, or NULL with ENOMEM. */
green_t *green__block_take(struct green_hub *h);

/* Give it back.  It may be of the greenlet that is about to leave its stack. */
void green__block_give(green_t *g);

/* A copy that green__block_give frees, for a name or an error's text. */
char *green__copy_text(const char *text);

/* Let go of a reference that the library holds, and that therefore is there. */
static inline void green__let_go(green_t *g)
{
    if (--g->references == 0)
        green__block_give(g);
}

/* Abort the program in `call` if g belongs to another thread. */
_Noreturn void green__wrong_thread(const char *call);

static inline void green__check_thread(const green_t *g, const char *call)
{
    if (UNLIKELY(g->hub != green__current_hub))
        green__wrong_thread(call);
}

#endif

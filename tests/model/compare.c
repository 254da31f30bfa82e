/* SPDX-License-Identifier: MIT */
/* compare.c - random programs by libgreen and by the model.
 *
 *     model [COUNT [SEED]]       so many programs, each of a seed of its own
 *
 * One that they disagree on is made as short as possible, and printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "program.h"

enum { STEP_BYTES = 4 + CASES, MOST_STEPS = 60 };

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Main begins with spawns, lest too little happen; and most steps are of a few
 * kinds, of few objects, lest everything happen at once. */
static size_t make_bytes(uint8_t *bytes, uint64_t seed)
{
    size_t steps = 4 + next_random(&seed) % (MOST_STEPS - 4);
    size_t spawns = next_random(&seed) % (ACTORS + 2);
    uint64_t kinds = next_random(&seed);

    for (size_t i = 0; i < steps * STEP_BYTES; i++)
        bytes[i] = (uint8_t)(next_random(&seed) >> 32);
    for (size_t i = 0; i < steps; i++) {
        uint8_t *step = &bytes[i * STEP_BYTES];

        if (step[1] < 192)
            step[1] = (uint8_t)(kinds >> step[1] % 8 * 8);
        if (kinds >> 63)
            step[2] &= 1;
    }
    for (size_t i = 0; i < spawns && i < steps; i++) {
        bytes[i * STEP_BYTES] = 0;
        bytes[i * STEP_BYTES + 1] = SPAWN;
        bytes[i * STEP_BYTES + 2] = (uint8_t)(i + 1);
    }
    return steps * STEP_BYTES;
}

static void remove_step(struct program *p, int actor, int step)
{
    p->n[actor]--;
    memmove(&p->steps[actor][step], &p->steps[actor][step + 1],
            sizeof(struct step) * (size_t)(p->n[actor] - step));
}

/* One step less, as long as they still disagree. */
static bool shorten(struct program *p)
{
    for (int a = 0; a < ACTORS; a++)
        for (int i = 0; i < p->n[a]; i++) {
            struct program shorter = *p;

            remove_step(&shorter, a, i);
            if (program_agrees(&shorter, false))
                continue;
            *p = shorter;
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    static uint8_t bytes[MOST_STEPS * STEP_BYTES];
    struct program p;
    long steps = 0;

    for (unsigned long i = 0; i < count; i++, seed++) {
        steps += program_decode(&p, bytes, make_bytes(bytes, seed));
        if (program_agrees(&p, false))
            continue;
        while (shorten(&p))
            continue;
        printf("model: they disagree on seed %llu:\n",
               (unsigned long long)seed);
        program_agrees(&p, true);
        return 1;
    }
    printf("%lu programs, %ld steps, no difference\n", count, steps);
    return 0;
}

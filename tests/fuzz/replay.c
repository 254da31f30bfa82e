/* SPDX-License-Identifier: MIT */
/* replay FILE... - what was found worth keeping, without libFuzzer. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "parsers.h"

static int replay(const char *path)
{
    static uint8_t bytes[LONGEST + 1];
    FILE *f = fopen(path, "rb");
    size_t n;

    if (!f) {
        fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
        return -1;
    }
    n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    LLVMFuzzerTestOneInput(bytes, n);
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (replay(argv[i]) != 0)
            return 1;
    printf("%d inputs\n", argc - 1);
    return argc > 1 ? 0 : 1;
}

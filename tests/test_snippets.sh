#!/bin/sh
# SPDX-License-Identifier: MIT
# The code in docs/cancellation.md compiles and does what the page says.
set -e
root=$(cd "$(dirname "$0")/.." && pwd)
[ -f "$GREEN_BUILD/libgreen.a" ] || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk '/^```c$/ { on = 1; next } /^```/ { on = 0 } on' \
    "$root/docs/cancellation.md" >"$work/snippets.h"
"${CC:-cc}" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror \
    -I"$root/include" -I"$work" "$root/tests/snippets.c" \
    "$GREEN_BUILD/libgreen.a" -pthread -o "$work/snippets"
"$work/snippets"

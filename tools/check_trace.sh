#!/bin/sh
# SPDX-License-Identifier: MIT
# check_trace.sh SOURCE - the order of switches depends on the program alone:
# each compiler, at each optimisation, twice, gives the same trace hash.
set -eu
source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files=$(sed -n 's,^    \(\(arch\|src\)/[a-z0-9_]*\.[cS]\).*,'"$source"'/\1,p' \
    "$source/CMakeLists.txt")
hashes=$work/hashes

for cc in gcc clang; do
    if ! command -v $cc >/dev/null; then
        echo "$cc is not here: left out"
        continue
    fi
    for level in -O0 -O3; do
        # shellcheck disable=SC2086 # one word per file
        $cc -std=c11 $level -D_GNU_SOURCE -I"$source/include" \
            "$source/tests/trace_program.c" $files -pthread -o "$work/program"
        for run in 1 2; do
            hash=$(GREEN_TRACE_HASH=1 "$work/program")
            echo "$cc $level, run $run: $hash"
            echo "$hash" >>"$hashes"
        done
    done
done
[ "$(sort -u "$hashes" | wc -l)" -eq 1 ] || { echo "they differ"; exit 1; }
! grep -q '^0*$' "$hashes" || { echo "zero: nothing was traced"; exit 1; }

#!/bin/sh
# SPDX-License-Identifier: MIT
# check_trace.sh SOURCE [long] - the order of switches depends on the program alone:
# each compiler, at each optimisation, twice, gives the hashes that are expected.
# Long: at more levels, with sanitizers, and for aarch64, in qemu.
set -eu
source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
files=$(sed -n 's,^    \(\(arch\|src\)/[a-z0-9_]*\.[cS]\).*,'"$source"'/\1,p' \
    "$source/CMakeLists.txt")
builds=0

# RUNNER COMPILER OPTIONS...
check() {
    runner=$1 cc=$2
    shift 2
    # shellcheck disable=SC2086 # one word per file, and of the runner
    if ! command -v "$cc" >/dev/null || ! command -v ${runner:-true} >/dev/null; then
        echo "$cc${runner:+, $runner}: not here, left out"
        return
    fi
    "$cc" -std=c11 "$@" -D_GNU_SOURCE -I"$source/include" \
        "$source"/tests/trace/*.c $files -pthread -o "$work/program"
    for run in 1 2; do
        GREEN_TRACE_HASH=1 ${runner:+$runner -L "/usr/aarch64-linux-gnu"} \
            "$work/program" >"$work/hashes"
        if ! diff "$source/tests/trace/expected.out" "$work/hashes"; then
            echo "$cc $*, run $run: another order"
            exit 1
        fi
    done
    echo "$cc $*: as expected"
    builds=$((builds + 1))
}

levels="-O0 -O3"
[ "${2:-}" != long ] || levels="-O0 -O1 -O2 -O3 -Os"
for cc in gcc clang; do
    for level in $levels; do
        check "" $cc "$level"
    done
    [ "${2:-}" = long ] || continue
    check "" $cc -O1 -fsanitize=address,undefined
    [ $cc != gcc ] || check "" $cc -O1 -fsanitize=thread
done
if [ "${2:-}" = long ]; then
    check qemu-aarch64 aarch64-linux-gnu-gcc -O0
    check qemu-aarch64 aarch64-linux-gnu-gcc -O3
fi
[ $builds -gt 0 ] || { echo "no compiler"; exit 1; }

#!/bin/sh
# SPDX-License-Identifier: MIT
# test_patch.sh - patched calls do what plain ones do, and let others run.
#
# The program conform says what each call returned.  Plainly, in the main thread,
# Linux itself answers; patched, in a greenlet beside one that ticks, the answers
# must be the same, however the patch library came to the program.  GREEN_BUILD is
# the build directory.
set -u
programs=$GREEN_BUILD/tests
[ -x "$programs/conform_shared" ] || { echo "no patch library here"; exit 77; }
patch=$GREEN_BUILD/libgreen_patch.so
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

# NAME COMMAND…: all lines but the last are the expected ones, and the ticker ticked.
compare() {
    name=$1
    shift
    "$@" >"$scratch/answers" || { echo "$name: exit status $?"; failed=1; }
    if ! sed '$d' "$scratch/answers" | diff "$scratch/expected" -; then
        echo "$name: other answers"
        failed=1
    elif [ "$(tail -n 1 "$scratch/answers")" != ticked ]; then
        echo "$name: the ticker stood still"
        failed=1
    else
        echo "$name: the same"
    fi
}

# NAME: where the loader finds that library, or nothing.
library() {
    PATH=$PATH:/sbin ldconfig -p | awk -v name="$1" '$1 == name {print $NF; exit}'
}

"$programs/conform_plain" >"$scratch/plain" || exit 1
sed '$d' "$scratch/plain" >"$scratch/expected"

for kind in shared static fortify; do
    compare "$kind" "$programs/conform_$kind" patched
done
preloaded="$programs/conform_plain preloaded"
compare "preloaded" env GREEN_PATCH=all LD_PRELOAD="$patch" $preloaded
for malloc_name in libjemalloc.so.2 libtcmalloc_minimal.so.4; do
    malloc=$(library $malloc_name)
    if [ -z "$malloc" ]; then
        echo "$malloc_name is not installed: left out"
        continue
    fi
    compare "shared, $malloc_name" env LD_PRELOAD="$malloc" "$programs/conform_shared" patched
    compare "preloaded, $malloc_name first" \
        env GREEN_PATCH=all LD_PRELOAD="$malloc $patch" $preloaded
    compare "preloaded, $malloc_name second" \
        env GREEN_PATCH=all LD_PRELOAD="$patch $malloc" $preloaded
done

# The report names what stopped a patched thread.
if ! "$programs/patch_escape" | grep "stood still in fgetws: 1"; then
    echo "the report does not name fgetws"
    failed=1
fi

echo "$(wc -l <"$scratch/expected") answers compared"
exit $failed

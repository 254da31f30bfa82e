#!/bin/sh
# SPDX-License-Identifier: MIT
# test_patch.sh - patched calls do what plain ones do, and let others run.
#
# The program conform says what each call returned.  Plainly, in the main thread,
# Linux itself answers; patched, in a greenlet beside one that ticks, the answers
# must be the same.  GREEN_BUILD is the build directory.
set -eu
programs=$GREEN_BUILD/tests
[ -x "$programs/conform_shared" ] || { echo "no patch library here"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$programs/conform_shared" >"$scratch/plain"
sed '$d' "$scratch/plain" >"$scratch/expected"
failed=0
for kind in shared static; do
    "$programs/conform_$kind" patched >"$scratch/patched" || failed=1
    sed '$d' "$scratch/patched" | diff "$scratch/expected" - || failed=1
    [ "$(tail -n 1 "$scratch/patched")" = ticked ] || {
        echo "conform_$kind: the ticker stood still"
        failed=1
    }
done
echo "$(wc -l <"$scratch/expected") answers compared"
exit $failed

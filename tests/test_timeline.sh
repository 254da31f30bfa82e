#!/bin/sh
# SPDX-License-Identifier: MIT
# What GREEN_TRACE makes of the lessons is sound; see tools/check_timeline.py.
set -e
root=$(cd "$(dirname "$0")/.." && pwd)
command -v python3 >/dev/null || exit 77
[ -x "$GREEN_BUILD/examples/01_spawn" ] || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for program in "$GREEN_BUILD"/examples/[0-9]*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    GREEN_TRACE="$work/$(basename "$program").json" "$program" >"$work/out" 2>&1
done
python3 "$root/tools/check_timeline.py" "$work"/*.json

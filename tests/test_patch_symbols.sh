#!/bin/sh
# SPDX-License-Identifier: MIT
# test_patch_symbols.sh - libgreen_patch has the names in tests/patch/symbols.txt.
#
# A name more or less is a call that is patched, or is not, without anybody's having
# meant it.  "test_patch_symbols.sh record" writes the list anew.  GREEN_BUILD is the
# build directory.
set -eu
library=$GREEN_BUILD/libgreen_patch.so
list=$(dirname "$0")/patch/symbols.txt
[ -e "$library" ] || { echo "no patch library here"; exit 77; }
command -v nm >/dev/null || { echo "nm is not installed"; exit 77; }

names() {
    nm -D --defined-only "$library" | awk '$2 ~ /[TWi]/ {print $3}' | LC_ALL=C sort -u
}

if [ "${1:-}" = record ]; then
    names >"$list"
    exit
fi
names | diff "$list" - || {
    echo "< is listed and missing; > is there and not listed"
    exit 1
}
echo "$(wc -l <"$list") names"

#!/bin/sh
# SPDX-License-Identifier: MIT
# test_sanitizers.sh - programs under sanitizers, with the library as it is.
#
# $GREEN_BUILD has libgreen.a, which is not sanitized itself.  What is right must
# pass without a word, what is wrong in a greenlet must be found.  Compilers and
# sanitizers that are not there are skipped.
set -u
here=$(cd "$(dirname "$0")" && pwd)
library=${GREEN_BUILD:?says where libgreen.a is}/libgreen.a
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

verdict() { # NAME STATUS
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok      $1"
    else
        failed=$((failed + 1))
        echo "FAILED  $1"
        head -n 40 "$scratch/out"
    fi
}

# COMPILER SANITIZER: the program, or a skip if the compiler has none such.
build() {
    command -v "$1" >/dev/null || { echo "skipped $1"; return 1; }
    echo 'int main(void) { return 0; }' >"$scratch/empty.c"
    "$1" "-fsanitize=$2" "$scratch/empty.c" -o "$scratch/empty" 2>/dev/null &&
        "$scratch/empty" >/dev/null 2>&1 ||
        { echo "skipped $1 -fsanitize=$2"; return 1; }
    "$1" -std=c11 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer \
        "-fsanitize=$2" -I"$here/../include" "$here/sanitized.c" "$library" \
        -lpthread -o "$scratch/program" >"$scratch/out" 2>&1
    verdict "$1 -fsanitize=$2 builds" $?
}

passes() { # NAME ARGUMENT…
    name=$1
    shift
    "$scratch/program" "$@" >"$scratch/out" 2>&1 && [ ! -s "$scratch/out" ]
    verdict "$name passes: $*" $?
}

reports() { # NAME PATTERN ARGUMENT
    "$scratch/program" "$3" >"$scratch/out" 2>&1
    [ $? -ne 0 ] && grep -q -- "$2" "$scratch/out"
    verdict "$1 reports: $3" $?
}

for compiler in gcc clang; do
    if build $compiler address; then
        for returns in 0 1; do
            export ASAN_OPTIONS=detect_stack_use_after_return=$returns
            passes "$compiler ASan, $ASAN_OPTIONS"
        done
        reports "$compiler ASan" 'stack-overflow.*' overflow
        reports "$compiler ASan" ' in dive' overflow
        reports "$compiler ASan" 'stack-buffer-overflow' write-beyond
        reports "$compiler ASan" 'stack-use-after-return' use-after-return
        reports "$compiler ASan" 'heap-use-after-free' use-after-free
        unset ASAN_OPTIONS
        reports "$compiler LSan" '1234 byte(s) leaked' leak
        passes "$compiler LSan" hold
    fi
    build $compiler undefined && passes "$compiler UBSan"
    if build $compiler thread; then
        passes "$compiler TSan"
        reports "$compiler TSan" 'heap-use-after-free' use-after-free
    fi
done
if build clang memory; then
    passes "clang MSan"
    reports "clang MSan" 'use-of-uninitialized-value' use-unset
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] || exit 1
[ "$passed" -gt 0 ] || exit 77

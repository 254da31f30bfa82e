#!/bin/sh
# SPDX-License-Identifier: MIT
# test_green_run.sh - programs do under green-run what they do without, on one
# kernel thread.  GREEN_BUILD is the build directory.
set -eu
run=$GREEN_BUILD/green-run programs=$GREEN_BUILD/tests
[ -x "$run" ] || { echo "no green-run here"; exit 77; }
"$run" true || { echo "green-run cannot run here"; exit 77; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

fault() { echo "$*"; failed=1; }

same() { # PROGRAM ARGUMENTS…: prints the same
    "$@" >"$scratch/expected" 2>/dev/null
    timeout -k 5 60 "$run" "$@" >"$scratch/output" 2>"$scratch/errors" ||
        fault "$1 failed: $(cat "$scratch/errors")"
    diff "$scratch/expected" "$scratch/output" || fault "$1 differs"
}

refused() { # STATUS WORD ARGUMENTS…: says why not
    expected=$1 word=$2
    shift 2
    status=0
    "$run" "$@" >"$scratch/output" 2>&1 || status=$?
    [ "$status" -eq "$expected" ] || fault "$*: status $status"
    grep -q "$word" "$scratch/output" || fault "$*: $(cat "$scratch/output")"
}

same "$programs/run_threads"
grep -q '^Threads:.1$' "$scratch/errors" || fault "$(cat "$scratch/errors")"
same "$programs/run_calls"
if command -v musl-gcc >/dev/null; then
    musl-gcc -D_GNU_SOURCE -o "$scratch/musl" "${0%/*}/run/calls.c" && same "$scratch/musl"
    musl-gcc -static -D_GNU_SOURCE -o "$scratch/static" "${0%/*}/run/calls.c" &&
        refused 125 'statically linked' "$scratch/static"
fi
same "$programs/run_echo" 1000 5
grep -q '^Threads:.1$' "$scratch/errors" || fault "$(cat "$scratch/errors")"
same ls /
same sh -c 'echo a | sed s/a/b/; (exit 3); echo $?; env'

# The engine stands below libc and needs nothing of it.
if command -v nm >/dev/null; then
    nm -P -D "$GREEN_BUILD/libgreen_run.so" | grep ' U ' &&
        fault "the engine has such symbols"
fi

refused 125 'only 1' --threads 2 true
refused 125 'no option' --nonsense true
refused 125 'which program'
refused 127 'not found' no-such-program
refused 126 'cannot run' "$scratch"
status=0
"$run" sh -c 'exit 7' || status=$?
[ "$status" -eq 7 ] || fault "an exit status became $status"
"$run" --version | grep -q '^green-run [0-9]' || fault "no version"
"$run" --help | grep -q preempt || fault "no help"


"$run" --stats "$programs/run_threads" >"$scratch/output" 2>"$scratch/errors"
grep -q '^green-run: [0-9]* threads, .* switches, .* calls, [0-9]* of them trapped$' \
    "$scratch/errors" &&
    grep -q '^green-run: futex waited [0-9]* times$' "$scratch/errors" ||
    fault "--stats: $(cat "$scratch/errors")"

# Two runs of one order; the same threads with turns by time.
for option in --deterministic "--preempt 1"; do
    # shellcheck disable=SC2086 # words are meant to be split
    timeout -k 5 60 "$run" $option "$programs/run_threads" >"$scratch/output" 2>/dev/null ||
        fault "$option failed"
    "$programs/run_threads" 2>/dev/null | diff - "$scratch/output" ||
        fault "$option differs"
done

# A list at a signal, of a program that waits in three ways.
mkfifo "$scratch/fifo"
"$run" --dump USR2 "$programs/run_waits" <>"$scratch/fifo" >"$scratch/output" \
    2>"$scratch/errors" &
waiter=$!
tries=0
until grep -q 'futex at' "$scratch/errors" || [ $((tries += 1)) -gt 100 ]; do
    sleep 0.1
    [ -s "$scratch/output" ] && kill -USR2 $waiter
done
kill $waiter
for what in 'green-run: 4 threads' 'futex at 0x' 'read on descriptor 0' nanosleep; do
    grep -q "$what" "$scratch/errors" || fault "--dump without $what"
done

# Children follow only if that is wished.
[ "$("$run" sh -c 'env; ls' | grep -c green_run)" -eq 0 ] || fault "children follow"
"$run" --follow sh -c 'env; :' | grep -q '^LD_PRELOAD=.*green_run' ||
    fault "--follow does not"

exit $failed

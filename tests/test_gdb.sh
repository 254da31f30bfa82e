#!/bin/sh
# SPDX-License-Identifier: MIT
# test_gdb.sh - gdb shows the frames of a greenlet, and nothing beyond them, also
# at every instruction of a switch.
set -u
here=$(cd "$(dirname "$0")" && pwd)
library=${GREEN_BUILD:?says where libgreen.a is}/libgreen.a
command -v gdb >/dev/null || { echo "skipped: no gdb"; exit 77; }
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
        tail -n 40 "$scratch/out"
    fi
}

debug() { # COMMAND…
    for command; do
        set -- "$@" -ex "$command"
        shift
    done
    gdb -nx -q -batch -ex 'set pagination off' -ex 'set confirm off' \
        "$@" "$scratch/program" >"$scratch/out" 2>&1
}

"${CC:-cc}" -std=c11 -g -O1 -I"$here/../include" "$here/stopped.c" "$library" \
    -lpthread -o "$scratch/program" >"$scratch/out" 2>&1
verdict "the program builds" $?
debug run
grep -q 'exited normally' "$scratch/out" || { echo "skipped: gdb cannot run"; exit 77; }

# Some versions of gdb take green__begin for Ada's green.begin.
# The frames here, inner four times, outer, libgreen's two; and no complaint.
debug 'break here' run backtrace
grep -q '^#1 .* inner (' "$scratch/out" && grep -q '^#5 .* outer (' "$scratch/out" &&
    grep -Eq '^#7 .* green(__|[.])begin' "$scratch/out" &&
    ! grep -Eq '^#8|Backtrace stopped|orrupt' "$scratch/out"
verdict "a backtrace in a new greenlet ends at its beginning" $?

debug 'break here' run continue continue backtrace
grep -q '^#5 .* outer (' "$scratch/out" &&
    grep -Eq '^#7 .* green(__|[.])begin' "$scratch/out" &&
    ! grep -Eq '^#8|Backtrace stopped|orrupt' "$scratch/out"
verdict "and so it does after a switch" $?

# From the first yield on, every instruction in arch/; each backtrace has to end
# at main or at the beginning of a greenlet.
cat >"$scratch/step.py" <<'PYTHON'
import gdb

def frames():
    frame, names = gdb.newest_frame(), []
    while frame and len(names) < 50:
        names.append((frame.name() or hex(frame.pc())).replace(".", "__"))
        frame = frame.older()
    return names

SWITCHES = ("green__switch", "green__start", "green__begin", "green__leave",
            "green__restart")
ENDS = ("main", "__libc_start_main", "_start", "green__begin", "green__restart",
        "green__start", "__libc_start_call_main", "__libc_start_main_impl")
seen, bad = 0, 0
for name in SWITCHES:
    gdb.execute("break *" + name, to_string=True)
gdb.execute("run", to_string=True)
while gdb.selected_inferior().pid:
    try:
        names = frames()
    except gdb.error as error:
        names = [gdb.newest_frame().name(), str(error)]
    if names[0] in SWITCHES:
        seen += 1
        if names[-1] not in ENDS:
            bad += 1
            print("bad:", names)
        gdb.execute("stepi", to_string=True)
    else:
        gdb.execute("continue", to_string=True)
print("looked at", seen, "instructions")
print("done" if seen > 60 and not bad else "failed")
PYTHON
debug "source $scratch/step.py"
grep -q '^done' "$scratch/out"
verdict "and so it does at every instruction of every switch" $?

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

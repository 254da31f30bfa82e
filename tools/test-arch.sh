#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/test-arch.sh [CPU ...] - checks the switch of every CPU in arch/ that
# can be compiled and run here, natively or by qemu-user: the checks of
# tests/arch_checks.h, plain and with what each CPU can harden branches by.
#
# And checks the checks: each instruction that restores a register is left out
# in turn, which they must notice.
#
# A CPU whose compiler or emulator is missing is skipped.  The last line is
# "N passed, N failed"; exits 77 if nothing at all could be run.
set -u
cd "$(dirname "$0")/.." || exit 1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0
native=$(uname -m)

# What each needs: a compiler, and a command that runs its programs.
describe() { # CPU -> triple, emulator, and flag sets separated by commas
    emulator=qemu-$1
    modes=-O2,-O0
    case $1 in
    x86_64) triple=x86_64-linux-gnu modes=$modes,-fcf-protection ;;
    aarch64) triple=aarch64-linux-gnu emulator="qemu-aarch64 -cpu max"
             modes=$modes,-mbranch-protection=standard ;;
    arm) triple=arm-linux-gnueabihf ;;
    i386) triple=i686-linux-gnu ;;
    ppc64le) triple=powerpc64le-linux-gnu ;;
    mips64) triple=mips64el-linux-gnuabi64 emulator=qemu-mips64el ;;
    *) triple=$1-linux-gnu ;;
    esac
    if [ "$1" = "$native" ]; then
        compiler=${CC:-cc} emulator='' link=
    else
        compiler=$triple-gcc link=-static
    fi
}

have() { command -v "$1" >/dev/null 2>&1; }

compile() { # ASSEMBLY FLAG
    # shellcheck disable=SC2086 # there may be no link option
    $compiler -std=c11 -D_GNU_SOURCE "$2" $link -iquote src -iquote arch \
        tests/arch_plain.c "$1" -lm -o "$scratch/plain"
}

run_mode() { # CPU FLAG
    name="$1 $2"
    if compile "arch/$1.S" "$2" && $emulator "$scratch/plain" >"$scratch/out"
    then
        passed=$((passed + 1))
        echo "ok      $name: $(tail -n 1 "$scratch/out")"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        cat "$scratch/out" 2>/dev/null
    fi
    rm -f "$scratch/out"
}

# Without the N-th instruction that loads, of the macro that resumes a context;
# fails if there are not so many.
mutant() { # CPU N
    awk -v wanted="$2" '
        /^\.macro resume/ { inside = 1 }
        /^\.endm/ { inside = 0 }
        inside && /[ \t](pop|ldp|ldr|ldmxcsr|fldcw|msr|l[a-z]* )/ &&
            ++seen == wanted { sub(/[ \t][a-z].*/, ""); found = 1 }
        { print }
        END { exit !found }' "arch/$1.S" >"$scratch/mutant.S"
}

run_mutants() { # CPU
    number=1 alive=
    ulimit -c 0
    while mutant "$1" $number; do
        if compile "$scratch/mutant.S" -O2 &&
            timeout 5 $emulator "$scratch/plain" >"$scratch/out" 2>&1; then
            alive="$alive $number"
        fi
        number=$((number + 1))
    done 2>/dev/null
    if [ $number -gt 5 ] && [ -z "$alive" ]; then
        passed=$((passed + 1))
        echo "ok      $1: each of $((number - 1)) restorations is needed"
    else
        failed=$((failed + 1))
        echo "FAILED  $1: restorations that nobody misses:$alive"
    fi
}

run_cpu() { # CPU
    describe "$1"
    if ! have "$compiler"; then
        echo "skipped $1: no $compiler"
    elif [ -n "$emulator" ] && ! have "${emulator%% *}"; then
        echo "skipped $1: no ${emulator%% *}"
    else
        for mode in $(echo "$modes" | tr , ' '); do
            run_mode "$1" "$mode"
        done
        run_mutants "$1"
    fi
}

[ $# -gt 0 ] || set -- arch/*.S
for file; do
    run_cpu "$(basename "$file" .S)"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] || exit 1
[ "$passed" -gt 0 ] || exit 77

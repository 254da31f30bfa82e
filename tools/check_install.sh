#!/bin/sh
# SPDX-License-Identifier: MIT
# check_install.sh SOURCE BUILD CC - installs the built library into an empty
# place and uses it from there, in each way the documents promise.
set -eu
source=$1 build=$2 cc=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '\n-- %s\n' "$*"; }

use() { # NAME=VALUE…: configure the consumer so, build it, run its programs
    dir=$(mktemp -d "$work/consumer.XXXXXX")
    cmake -S "$source/tests/consumer" -B "$dir" -DCMAKE_C_COMPILER="$cc" "$@"
    cmake --build "$dir"
    for kind in green shared static; do
        "$dir/use_$kind"
    done
}

say "install, then move the tree: nothing may depend on its place"
cmake --install "$build" --prefix "$work/first"
mv "$work/first" "$work/prefix"
libdir=$(dirname "$(find "$work/prefix" -name libgreen.a)")

say "find_package"
use -DCMAKE_PREFIX_PATH="$work/prefix"

if command -v pkg-config >/dev/null; then
    say "pkg-config, shared"
    PKG_CONFIG_PATH="$libdir/pkgconfig"
    export PKG_CONFIG_PATH
    # shellcheck disable=SC2046 # flags are meant to be split
    "$cc" "$source/tests/consumer/main.c" -o "$work/shared" \
        $(pkg-config --cflags --libs green)
    LD_LIBRARY_PATH="$libdir" "$work/shared"
    say "pkg-config, static"
    # shellcheck disable=SC2046
    "$cc" -static "$source/tests/consumer/main.c" -o "$work/static" \
        $(pkg-config --static --cflags --libs green)
    "$work/static"
else
    say "no pkg-config here: green.pc is not tried"
fi

say "add_subdirectory"
use -DGREEN_SOURCE="$source"

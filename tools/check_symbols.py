#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_symbols.py green.h libgreen.so libgreen.a - names in, names out.

1. The shared library exports exactly what green.h declares, and the seam.
2. Every global symbol of the static one begins with green_.
3. green_NOUN_verb is defined in src/NOUN.c, where there is such a file.
4. Only src/sys*.c touches the world: what other objects need from outside is
   in a fixed list of functions without system calls and allocations.
"""
import re
import subprocess
import sys

# What the C library may do for files that are not the seam.
FROM_OUTSIDE = re.compile(
    r"mem(cpy|move|set|cmp|chr)|str(len|str|cmp|ncmp|chr|rchr|spn|cspn|nlen|tol|toul|toll|toull)"
    r"|(__isoc\d+_)?strto[iu]max|v?snprintf|[hn]to[hn][sl]|inet_(pton|ntop)"
    r"|abort|raise|__ctype_b_loc"
    r"|__(mem|str|v?sn)\w+_chk|__stack_chk_fail(_local)?|__stack_chk_guard"
    r"|__errno_location|__error|__errno|__tls_get_addr|_GLOBAL_OFFSET_TABLE_"
    r"|pthread_(mutex|cond|key|once|self|sigmask|atfork|[gs]etspecific)\w*"
    r"|sig(empty|fill|add|del)set|__aarch64_\w+|__(sanitizer|asan|tsan|msan|lsan)_\w+"
    r"|__cxa_get_globals")
# Of no noun of a file, though they sound so.
FOR_SISTERS = {"green__seam",  # libraries of this tree, not programs
               *(f"green__parked_{verb}" for verb in
                 ("begin", "wait", "end", "here", "wake", "post", "self"))}
OTHER_HOME = {"green_local_port", "green_wait_fd", "green_hub_start",
              "green_hub_stop", "green_trace_start", "green_trace_stop",
              "green_dump_on_signal"}


def nm(*arguments):
    return subprocess.run(["nm", "-P", *arguments], check=True,
                          capture_output=True, text=True).stdout.splitlines()


def declared(header):
    text = re.sub(r"/\*.*?\*/", "", open(header).read(), flags=re.S)
    text = re.sub(r"\\\n|^\s*#.*$", "", text, flags=re.M)
    return {re.search(r"(green_\w+)\s*\(", statement)[1]
            for statement in re.findall(r"GREEN_API\b[^;]*", text)}


def exported(library):
    return {line.split()[0] for line in nm("-D", "--defined-only", library)
            if line.split()[1] in "TDBRVW"}


def by_object(archive):
    """[(object, symbol, type)] of all global symbols."""
    lines = (re.match(r".*\[(.+)\.o\]: (\S+) (\w)", line)
             for line in nm("-A", "-g", archive))
    return [(match[1], match[2], match[3]) for match in lines]


def check_exports(header, library):
    inside, outside = declared(header), exported(library)
    for name in sorted(inside - outside):
        yield f"{name} is declared in green.h but not exported"
    for name in sorted(outside - inside - FOR_SISTERS):
        yield f"{name} is exported but not declared in green.h"


def check_names(table):
    files = {name for name, symbol, kind in table}
    for name, symbol, kind in table:
        if kind in "Uwv":
            continue
        if not symbol.startswith("green_"):
            yield f"{name}: the global symbol {symbol} does not begin with green_"
        match = re.match(r"green_([a-z]+)_", symbol)
        if (match and f"{match[1]}.c" in files - {name}
                and symbol not in OTHER_HOME):
            yield f"{name}: {symbol} belongs in {match[1]}.c"


def check_outside(table):
    for name, symbol, kind in table:
        if (kind in "Uwv" and not name.startswith("sys")
                and not symbol.startswith("green_")
                and not FROM_OUTSIDE.fullmatch(symbol)):
            yield f"{name}: uses {symbol} past green__sys"


def main():
    header, shared, static = sys.argv[1:]
    table = by_object(static)
    if not table:
        sys.exit("nothing to check")
    faults = [*check_exports(header, shared), *check_names(table),
              *check_outside(table)]
    print(*faults, sep="\n", end="\n" if faults else "")
    sys.exit(bool(faults))


main()

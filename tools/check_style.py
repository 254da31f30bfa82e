#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_style.py [ROOT] - the rules of CONTRIBUTING.md that a tool can check.

Prints FILE:LINE: FAULT for each fault and fails if there was one; lines that
begin with "note" are not faults.
"""
import pathlib
import re
import sys

FUNCTION_LINES = 40
FILE_LINES = 300
COLUMNS = 100
SPDX = "SPDX-License-Identifier: MIT"
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
SWITCHES = re.compile(r"(Never switches\b|Switches\.|Switches (if|unless|when|while) .|May switch)")


def check_text(path, lines):
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            yield number, f"{len(line)} columns, more than {COLUMNS}"
        if line != line.rstrip():
            yield number, "blanks at the end of the line"
        if "\t" in line and path.suffix != ".S":
            yield number, "a tab"
        if UNFINISHED.search(line) and path.name != "check_style.py":
            yield number, "unfinished: " + UNFINISHED.search(line)[1]


def check_top(path, lines):
    """The first two lines say the licence, and what the file is."""
    if path.suffix in (".c", ".h", ".S"):
        if lines[0] != f"/* {SPDX} */":
            yield 1, f"is not '/* {SPDX} */'"
        if path.parent.name in ("src", "arch", "include"):
            if not lines[1].startswith(f"/* {path.name} - "):
                yield 2, f"does not begin with '/* {path.name} - '"
    elif f"# {SPDX}" not in lines[:2]:
        yield 1, f"neither line 1 nor line 2 is '# {SPDX}'"


def functions(lines):
    """(first, last) line numbers of the definitions, by the brace style."""
    opened = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            opened = number - 1
            while opened > 1 and not re.match(r"$|.*(\*/|[;}])$|#", lines[opened - 2]):
                opened -= 1
        elif line == "}" and opened:
            yield opened, number
            opened = None


def comment_before(lines, number):
    """The comment that ends right above a line (1-based)."""
    end = number - 2
    if end < 0 or not lines[end].endswith("*/"):
        return ""
    start = end
    while start > 0 and "/*" not in lines[start]:
        start -= 1
    return "\n".join(lines[start:end + 1])


def check_functions(path, lines):
    for first, last in functions(lines):
        length = last - first + 1
        if length > FUNCTION_LINES:
            text = comment_before(lines, first) + "\n".join(lines[first - 1:last])
            if "long:" not in text:
                yield first, (f"a function of {length} lines; over {FUNCTION_LINES} "
                              "it needs a comment 'long: the reason'")


def check_slashes(path, lines):
    for number, line in enumerate(lines, 1):
        if re.search(r"(^|[\s;{}])//", re.sub(r'"(\\.|[^"\\])*"', '""', line)):
            yield number, "a // comment"


def check_guards(path, lines):
    """In src/*.c an #if may only enclose the whole file, or halves of it."""
    directives = [(number, re.sub(r"\W", "", line)) for number, line
                  in enumerate(lines, 1) if re.match(r"\s*#\s*(if|el|endif)", line)]
    if not directives:
        return
    first, last = directives[0][0], directives[-1][0]
    before = re.sub(r"/\*.*?\*/", "", "\n".join(lines[:first - 1]), flags=re.S)
    before = re.sub(r"^#include .*$", "", before, flags=re.M)
    whole = not before.strip() and not "".join(lines[last:]).strip()
    for number, word in directives:
        if not whole or (number != first and word.startswith("if")):
            yield number, "#if that does not enclose the whole file"


def check_manual(path, lines):
    """Every function of green.h is documented, and says whether it switches."""
    said = False
    for number, line in enumerate(lines, 1):
        if line.endswith("*/"):
            comment = comment_before(lines, number + 1)
            words = [re.sub(r"^\s*/?\*+ ?|\s*\*/$", "", part)
                     for part in comment.splitlines()]
            said = any(SWITCHES.search(part) for part in words[-4:])
        elif not line.strip():
            said = False
        elif line.startswith(("GREEN_API", "GREEN_PATCH_API")) and not said:
            yield number, "no comment that ends with 'Never switches.' or the like"


def check_file(path, root):
    lines = path.read_text(encoding="utf-8").splitlines()
    inside = path.relative_to(root).parts[0]
    checks = [check_text, check_top]
    if path.suffix in (".c", ".h"):
        checks += [check_functions, check_slashes]
    if inside == "src" and path.suffix == ".c":
        checks.append(check_guards)
    if path.name == "green.h":
        checks.append(check_manual)
    elif inside == "src" and len(lines) > FILE_LINES:
        print(f"note: {path.relative_to(root)} has {len(lines)} lines, "
              f"more than {FILE_LINES}")
    for check in checks:
        for number, fault in check(path, lines):
            yield f"{path.relative_to(root)}:{number}: {fault}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    patterns = ("include/*.h", "src/*.[ch]", "arch/*.[Sh]", "tests/**/*.[ch]",
                "examples/**/*.[ch]", "bench/*.c", "tools/*", "tests/*.sh",
                "tests/**/*.py", "CMakeLists.txt", "*/CMakeLists.txt",
                "examples/*/CMakeLists.txt", "cmake/*.cmake", ".ci/run")
    paths = sorted({path for pattern in patterns for path in root.glob(pattern)
                    if path.is_file()})
    faults = [fault for path in paths for fault in check_file(path, root)]
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{len(paths)} files, {len(faults)} faults")
    sys.exit(bool(faults) or not paths)


main()

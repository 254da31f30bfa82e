#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_docs.py [ROOT] - what the documents show is what is there.

The program in README.md is examples/01_spawn.c without its comment, and the
output is its .out.  Code in the tutorial stands in a lesson, word for word.  Each
name of ours that a document mentions is declared, and each link leads somewhere.
"""
import pathlib
import re
import sys

DOCUMENTS = ("README.md", "examples/README.md", "bench/README.md",
             "examples/http/README.md", "docs/from-gevent.md")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)


def without_comments(program):
    """What follows the comments at the top of a program."""
    return re.sub(r"\A(/\*.*?\*/\n)+", "", program, flags=re.S)


def check_readme(root):
    blocks = BLOCK.findall((root / "README.md").read_text(encoding="utf-8"))
    program = without_comments((root / "examples/01_spawn.c").read_text())
    output = (root / "examples/01_spawn.out").read_text()
    if ("c", program) not in blocks:
        yield "README.md: its program is not that of examples/01_spawn.c"
    if ("text", output) not in blocks:
        yield "README.md: it does not show examples/01_spawn.out"


def check_tutorial(root):
    lessons = [path.read_text() for path in sorted(root.glob("examples/[0-9]*.c"))]
    text = (root / "examples/README.md").read_text(encoding="utf-8")
    for language, code in BLOCK.findall(text):
        if language == "c" and not any(code in lesson for lesson in lessons):
            yield f"examples/README.md: in no lesson: {code.splitlines()[0].strip()}"
    for path in root.glob("examples/[0-9]*.c"):
        if f"]({path.name})" not in text:
            yield f"examples/README.md: does not mention {path.name}"
        if not path.with_suffix(".out").exists():
            yield f"{path.relative_to(root)}: has no .out"


def check_names(root, name, text):
    header = set(re.findall(r"\w+", (root / "include/green.h").read_text()))
    options = set(re.findall(r"\w+", (root / "CMakeLists.txt").read_text()))
    for word in sorted(set(re.findall(r"\b(?:green|GREEN)_\w+", text))):
        if word not in header | options:
            yield f"{name}: {word} is not declared in green.h"


def check_links(root, name, text):
    for link in re.findall(r"\]\(([^)#]+)", text):
        if "://" not in link and not (root / name).parent.joinpath(link).exists():
            yield f"{name}: the link to {link} leads nowhere"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    faults = [*check_readme(root), *check_tutorial(root)]
    for name in DOCUMENTS:
        text = (root / name).read_text(encoding="utf-8")
        faults += check_names(root, name, text)
        faults += check_links(root, name, text)
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{len(DOCUMENTS)} documents, {len(faults)} faults")
    sys.exit(bool(faults))


main()

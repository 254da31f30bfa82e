#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_layers.py CMakeLists.txt libgreen.a [run.cmake engine.a] - calls go down the list of files.

CMakeLists.txt lists the sources lowest layer first.  An object may use only
symbols of objects above it in that list; the linker's view (nm) is compared,
not #include lines.  Also checked: each file is listed, and says its layer.
"""
import pathlib
import re
import subprocess
import sys

# The edges up, each with its reason.
ALLOWED_UP = {
    r"green__hub_open|green__current_hub": "every file says green__hub()",
    r"green__debug_open": "hub.c begins what the environment asks for",
    r"green__epoll|green__kqueue|green__poll_poller":
        "hub.c names the pollers, which call back into it",
    r"green__os_\w+": "sys.c fills its table with them",
}


def listed_sources(cmake_lists):
    """[(path, layer)], in order; the layer of arch files is 1."""
    layer, found = 1, []
    for line in cmake_lists.read_text().splitlines():
        if match := re.match(r"    # (\d): ", line):
            layer = int(match[1])
        elif match := re.match(r"    ((arch|src)/\w+\.[cS])\)?$", line):
            found.append((match[1], layer))
    return found


def symbols(archive):
    """{object name: (defined, undefined)}"""
    output = subprocess.run(["nm", "-A", "-P", "-g", archive], check=True,
                            capture_output=True, text=True).stdout
    objects = {}
    for line in output.splitlines():
        match = re.match(r".*\[(.+)\.o\]: (\S+) (\w)", line)
        defined, undefined = objects.setdefault(match[1], (set(), set()))
        (undefined if match[3] in "Uwv" else defined).add(match[2])
    return objects


def check_files(root, sources):
    on_disk = {str(path.relative_to(root)) for pattern in ("src/*.c", "arch/*.S")
               for path in root.glob(pattern)}
    listed = {path for path, layer in sources}
    if len(listed) < len(sources):
        yield "CMakeLists.txt lists a file twice"
    for path in sorted(on_disk - listed):
        yield f"{path} is not listed in CMakeLists.txt"
    for path, layer in sources:
        if path not in on_disk:
            yield f"{path} is listed but does not exist"
        elif path.startswith("src/"):
            second = (root / path).read_text().splitlines()[1]
            start = f"/* {pathlib.Path(path).name} - layer {layer}: "
            if not second.startswith(start):
                yield f"{path}:2: does not begin with '{start}'"


def check_calls(sources, objects):
    order = [pathlib.Path(path).name for path, layer in sources]
    home = {symbol: name for name in order if name in objects
            for symbol in objects[name][0]}
    for place, name in enumerate(order):
        for symbol in sorted(objects.get(name, (set(), set()))[1]):
            target = home.get(symbol)
            if (target and order.index(target) > place
                    and not any(re.fullmatch(p, symbol) for p in ALLOWED_UP)):
                yield f"{name} uses {symbol} of {target}, which is listed below it"


def check_engine(cmake_file, archive):
    """The files of green-run's engine have one order, without layers."""
    sources = [(path, 0) for path in re.findall(r"^    (src/[\w/]+\.[cS])\)?$",
                                                cmake_file.read_text(), re.M)]
    root = cmake_file.resolve().parent.parent
    names = {pathlib.Path(path).name for path, layer in sources}
    for path in sorted(root.glob("src/run/*.[cS]")):
        if path.name not in names | {"green-run.c"}:
            yield f"src/run/{path.name} is not listed in run.cmake"
    yield from check_calls(sources, symbols(archive))


def main():
    cmake_lists = pathlib.Path(sys.argv[1])
    sources = listed_sources(cmake_lists)
    objects = symbols(sys.argv[2])
    if not sources or not objects:
        sys.exit("nothing to check")
    faults = [*check_files(cmake_lists.resolve().parent, sources),
              *check_calls(sources, objects)]
    if sys.argv[3:]:
        faults += check_engine(pathlib.Path(sys.argv[3]), sys.argv[4])
    print(*faults, sep="\n", end="\n" if faults else "")
    sys.exit(bool(faults))


main()

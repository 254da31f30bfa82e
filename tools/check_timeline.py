#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_timeline.py FILE... - are these recordings of green_trace_start sound?

Each parses; of each hub, no two slices overlap, since only one greenlet can run
at a time; each slice says why the run was over; each track has one name.
"""
import collections
import json
import sys


def nanoseconds(event, key):
    return round(event[key] * 1000)


def check_slices(pid, slices):
    end = 0
    for event in sorted(slices, key=lambda e: (e["ts"], e["dur"])):
        begin = nanoseconds(event, "ts")
        if event["dur"] < 0:
            yield f"hub {pid}: a slice of negative length: {event}"
        if begin < end:
            yield f"hub {pid}: overlaps what was before: {event}"
        end = begin + nanoseconds(event, "dur")
        if event["tid"] and not event["args"]["then"]:
            yield f"hub {pid}: does not say why it was over: {event}"


def check(path):
    events = json.load(open(path, encoding="ascii"))
    by_hub = collections.defaultdict(list)
    names = collections.Counter()
    for event in events:
        if event["ph"] == "X":
            by_hub[event["pid"]].append(event)
        else:
            names[event["name"], event["pid"], event["tid"]] += 1
    if not by_hub:
        yield "no slices"
    for pid, slices in by_hub.items():
        yield from check_slices(pid, slices)
        tracks = {event["tid"] for event in slices}
        yield from (f"hub {pid}: track {tid} has not one name" for tid in tracks
                    if names["thread_name", pid, tid] != 1)
        if names["process_name", pid, 0] != 1:
            yield f"hub {pid} has not one name"


def main():
    faults = [f"{path}: {fault}" for path in sys.argv[1:] for fault in check(path)]
    print(*faults[:20], sep="\n", end="\n" if faults else "")
    sys.exit(bool(faults) or len(sys.argv) < 2)


main()

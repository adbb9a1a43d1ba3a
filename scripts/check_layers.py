#!/usr/bin/env python3
"""Fails on an #include against the layers, and on coroutines that GCC 12 compiles wrongly.

  scripts/check_layers.py [folder with the rooms, default src/ of this checkout]

A room (a folder of src/) includes only itself and the rooms above it in ROOMS. Some libraries stay where they are: Asio
and Beast in net/, and those that are slow to compile in one .cpp each, never in a header. No co_await in a condition, no ?:, && or || in a statement with one: see src/base/task.h.
Messages: file:line: what.
"""
import os
import re
import sys

# From the lowest to the highest: a room may include those before it.
ROOMS = ["base", "json", "text", "http", "net", "wire", "prices", "store", "local", "embed", "learn", "tiers", "cascade",
         "limits", "telemetry", "gateway", "admin", "eval", "cli"]
ONLY_IN_ROOM = {"net": re.compile(r"(boost/)?(asio|beast)([./]|$)")}
ONLY_IN_ONE_CPP = {"CLI11": re.compile(r"CLI/"), "spdlog": re.compile(r"spdlog/"), "yaml-cpp": re.compile(r"yaml-cpp/")}
INCLUDE = re.compile(r'\s*#\s*include\s*(?:"([^"]*)"|<([^>]*)>)')


AWAIT = re.compile(r"co_await[^;{}]*[;{]")
AWAIT_IN_CONDITION = re.compile(r"\b(if|while|switch)\s*\((?:[^(){};]|\([^(){};]*\))*co_await")
NOT_CODE = re.compile(r'//[^\n]*|"(?:[^"\\\n]|\\.)*"')


def wrong_coroutines(text):
    """(line, what) of each co_await that GCC 12 is known to compile wrongly."""
    code = NOT_CODE.sub(lambda found: " " * len(found.group()), text)
    for found in AWAIT_IN_CONDITION.finditer(code):
        yield code.count("\n", 0, found.end()) + 1, "co_await in a condition: take its value into a variable first"
    for found in AWAIT.finditer(code):
        if re.search(r"[?]|&&|[|][|]", found.group()):
            yield code.count("\n", 0, found.start()) + 1, "?:, && or || beside a co_await: both sides are evaluated"


def sources(top):
    for folder, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".h", ".cpp")):
                yield os.path.relpath(os.path.join(folder, name), top)


def includes(top, path):
    with open(os.path.join(top, path), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            found = INCLUDE.match(line)
            if found:
                yield number, found.group(1), found.group(2)


def problem_with_own(top, room, name):
    """What is wrong with #include "name" in a file of that room (None: a file of src/ itself)."""
    target = name.split("/")[0]
    if "/" not in name or not os.path.exists(os.path.join(top, name)):
        return 'no such file: "%s" (quotes are for our own headers, named from src/ on)' % name
    if room is None or target == room or target not in ROOMS:
        return None
    if ROOMS.index(target) > ROOMS.index(room):
        return '%s/ may not include "%s": %s/ stands above it in the layers (%s)' % (room, name, target, " ".join(ROOMS))
    return None


def check(top):
    problems, users = [], {library: [] for library in ONLY_IN_ONE_CPP}
    for path in sources(top):
        room = path.split(os.sep)[0] if os.sep in path else None
        if room is not None and room not in ROOMS:
            problems.append((path, 1, "%s/ is no room; the rooms are: %s" % (room, " ".join(ROOMS))))
            continue
        with open(os.path.join(top, path), encoding="utf-8") as f:
            problems += [(path, line, what) for line, what in wrong_coroutines(f.read())]
        for line, own, foreign in includes(top, path):
            name = own if own is not None else foreign
            problem = problem_with_own(top, room, own) if own is not None else None
            if problem:
                problems.append((path, line, problem))
            for allowed, pattern in ONLY_IN_ROOM.items():
                if pattern.match(name) and room != allowed:
                    problems.append((path, line, "<%s> belongs in %s/ only" % (name, allowed)))
            for library, pattern in ONLY_IN_ONE_CPP.items():
                if pattern.match(name):
                    users[library].append((path, line))
    for library, places in users.items():
        for path, line in places:
            if path.endswith(".h"):
                problems.append((path, line, "%s is slow to compile: not in a header" % library))
        homes = sorted({path for path, _ in places if path.endswith(".cpp")})
        for path, line in places:
            if path in homes[1:]:
                problems.append((path, line, "%s is included in %s already: one .cpp only" % (library, homes[0])))
    return sorted(set(problems))


def main():
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    top = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "src")
    problems = check(top)
    for path, line, what in problems:
        print("%s:%d: %s" % (os.path.relpath(os.path.join(top, path)), line, what))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

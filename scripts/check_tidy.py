#!/usr/bin/env python3
"""Runs clang-tidy-16 (.clang-tidy: few checks, all of them errors) on the sources under src/.

  scripts/check_tidy.py [--build FOLDER] [file ...]     default: every .cpp of src/ that the build knows,
                                                        but tests, fuzzers and benchmarks

Needs a configured build (compile_commands.json; WEIR_BUILD or build/dev). What has passed once is remembered by the
content of the file, of every header of ours that it reaches, of the flags and of .clang-tidy, in $WEIR_CACHE/tidy
(default ~/.cache/weir/tidy): a second run takes seconds. Exit 0 clean, 1 not, 77 without clang-tidy-16.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TIDY = "clang-tidy-16"
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.M)
BESIDE = re.compile(r"_(test|fuzz|bench)\.cpp$")
REMEMBERED_MOST = 5000  # passes kept; beyond that the oldest go


def clang_arguments(entry):
    """The compiler's arguments as clang takes them: no launcher, no precompiled header of g++'s."""
    words = entry.get("arguments") or shlex.split(entry["command"])
    start = max(i for i, word in enumerate(words) if re.search(r"(^|/)(c\+\+|g\+\+|clang\+\+)[-0-9.]*$", word))
    kept, skip = [], 0
    for i, word in enumerate(words[start + 1:], start + 1):
        if skip:
            skip -= 1
        elif word in ("-o", "-MF", "-MT", "-MQ"):
            skip = 1
        elif word == "-include" and "cmake_pch" in words[i + 1]:
            skip = 1
        elif word not in ("-c", "-MD", "-Winvalid-pch", entry["file"]):
            kept.append(word)
    return kept + ["-Wno-unknown-warning-option"]


class Contents:
    """Digests of files and of all that they include with quotes."""

    def __init__(self, top):
        self.top, self.known = top, {}

    def reached(self, path, into):
        if path in into:
            return
        into.add(path)
        for name in self.read(path)[1]:
            target = os.path.join(self.top, name)
            if os.path.exists(target):
                self.reached(target, into)

    def read(self, path):
        if path not in self.known:
            with open(path, "rb") as f:
                text = f.read()
            self.known[path] = (hashlib.sha256(text).hexdigest(), [m.decode() for m in INCLUDE.findall(text)])
        return self.known[path]

    def digest(self, path, extra):
        files = set()
        self.reached(path, files)
        lines = [extra] + [os.path.relpath(f, self.top) + " " + self.read(f)[0] for f in sorted(files)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Passed:
    """What needs no second look: one empty file for each digest."""

    def __init__(self):
        cache = os.environ.get("WEIR_CACHE") or os.path.expanduser("~/.cache/weir")
        self.folder = os.path.join(cache, "tidy")
        os.makedirs(self.folder, exist_ok=True)

    def has(self, digest):
        path = os.path.join(self.folder, digest)
        if not os.path.exists(path):
            return False
        os.utime(path)
        return True

    def add(self, digest):
        open(os.path.join(self.folder, digest), "w").close()

    def trim(self):
        entries = sorted(os.scandir(self.folder), key=lambda e: e.stat().st_mtime, reverse=True)
        for entry in entries[REMEMBERED_MOST:]:
            os.unlink(entry.path)


def run_tidy(folder, path):
    result = subprocess.run([TIDY, "--quiet", "-p", folder, path], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)
    noise = re.compile(r"^\d+ warnings? (generated|treated as errors?)|^Suppressed |^Use -header-filter|^$")
    errors = [line for line in result.stderr.splitlines() if not noise.match(line)]
    return result.returncode, result.stdout + "".join(line + "\n" for line in errors if result.returncode != 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.environ.get("WEIR_BUILD") or os.path.join(ROOT, "build", "dev"))
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    if not shutil.which(TIDY):
        print("SKIPPED: %s is not installed" % TIDY)
        return 77
    database = os.path.join(options.build, "compile_commands.json")
    if not os.path.exists(database):
        print("%s: not there; configure first: cmake --preset dev" % database)
        return 1
    wanted = {os.path.abspath(f) for f in options.files}
    top = os.path.join(ROOT, "src")
    entries = {}
    with open(database) as f:
        for entry in json.load(f):
            path = entry["file"]
            ours = path in wanted if wanted else path.startswith(top + os.sep) and not BESIDE.search(path)
            if ours and os.path.exists(path):
                entries[path] = {"directory": entry["directory"], "file": path,
                                 "arguments": ["clang++-16"] + clang_arguments(entry) + ["-c", path]}
    unknown = wanted - set(entries)
    if unknown or not entries:
        print("not in %s: %s" % (database, ", ".join(sorted(unknown)) or "anything under src/"))
        return 1

    with open(os.path.join(ROOT, ".clang-tidy")) as f:
        rules = f.read() + subprocess.run([TIDY, "--version"], stdout=subprocess.PIPE, text=True).stdout
    contents, passed = Contents(top), Passed()
    portable = lambda words: " ".join(words).replace(options.build, "BUILD").replace(ROOT, "ROOT")
    digests = {path: contents.digest(path, rules + portable(entry["arguments"])) for path, entry in entries.items()}
    todo = [path for path in sorted(entries) if not passed.has(digests[path])]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="weir-tidy-") as folder:
        with open(os.path.join(folder, "compile_commands.json"), "w") as f:
            json.dump(list(entries.values()), f)
        # The largest first, so that none of them is alone at the end.
        todo.sort(key=os.path.getsize, reverse=True)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for path, (code, output) in zip(todo, pool.map(lambda p: run_tidy(folder, p), todo)):
                if code == 0:
                    passed.add(digests[path])
                else:
                    failed += 1
                    print(output.replace(ROOT + os.sep, "") or "%s: clang-tidy failed" % path)
                    sys.stdout.flush()
    passed.trim()
    print("clang-tidy: %d files, %d looked at, %d with findings" % (len(entries), len(todo), failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

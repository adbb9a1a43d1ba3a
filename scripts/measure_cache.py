#!/usr/bin/env python3
"""Measures of the semantic tier that are no unit tests; every figure in docs/decisions.md names the one it comes from.

  scripts/measure_cache.py constructions [FILE...]   share of pairs served by kind; default: all of tests/constructions
  scripts/measure_cache.py intents                   CLINC150 and BANKING77 as streams: whose entry answers whom
  scripts/measure_cache.py repeat [SEED...]          the recorded workload `repeat` through HTTP, a fresh gateway each

Options: --weir FILE (build/release/weir), --data FOLDER (WEIR_DATA, else ../shared/data), --e2e FOLDER (beside it), --show
(prints the pairs that were served and should not have been, or the other way round), -- and what is passed on to `weir`.
"""
import argparse
import collections
import csv
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def pairs_of(path):
    """(kind, cached, asked) for each line: `{one|other}` stands for a difference, `# kind` opens a kind."""
    kind = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            continue
        if line.startswith("# "):
            kind = line[2:]
            continue
        sides = [re.sub(r"\{(.*?)(?<!\\)\|(.*?)\}", lambda m, i=i: m.group(i), line) for i in (1, 2)]
        yield (kind, *(" ".join(side.replace(r"\|", "|").split()) for side in sides))


def decisions(options, command, texts, extra=()):
    """What `weir eval cache` decides: id -> (served, matched id, score, reason)."""
    with tempfile.TemporaryDirectory() as work:
        given, out = pathlib.Path(work, "in.tsv"), pathlib.Path(work, "out.tsv")
        given.write_text("".join("\t".join(row) + "\n" for row in texts), encoding="utf-8")
        answers = pathlib.Path(work, "answers.tsv")
        arguments = [options.weir, "eval", "cache", command, "--in", given, "--out", out, *options.passed]
        if extra:
            answers.write_text("".join("\t".join(row) + "\n" for row in extra), encoding="utf-8")
            arguments += ["--answers", answers]
        done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr)
        rows = [line.split("\t") for line in out.read_text(encoding="utf-8").splitlines()]
    return {row[0]: (row[1] == "1", row[2], row[3], row[4]) for row in rows}


def constructions(options):
    for path in [pathlib.Path(f) for f in options.what] or sorted((ROOT / "tests/constructions").glob("*.txt")):
        pairs = list(pairs_of(path))
        said = decisions(options, "pairs", [(str(i), a, b) for i, (_, a, b) in enumerate(pairs)])
        asked = collections.Counter(kind for kind, _, _ in pairs)
        served = collections.Counter()
        wanted = path.stem.endswith("_same")
        for i, (kind, cached, question) in enumerate(pairs):
            hit, _, score, reason = said[str(i)]
            served[kind] += hit
            if options.show and hit != wanted:
                print(f"  {kind}: {cached} | {question} [{score} {reason}]")
        total = sum(served.values())
        print(f"{path.name}: {total} of {len(pairs)} served ({100 * total / len(pairs):.1f} %)"
              + (", must be" if wanted else ", must not be"))
        print("  " + ", ".join(f"{kind} {served[kind]}/{asked[kind]}" for kind in asked
                               if wanted or served[kind]))


def stream_of_intents(options, name, rows):
    """rows: (text, intent). Twice: with nothing known about answers, and where the answer is the intent."""
    ids = [(str(i), " ".join(text.split())) for i, (text, _) in enumerate(rows)]
    for told, answers in (("no answers", ()), ("answers = intents", [(str(i), row[1]) for i, row in enumerate(rows)])):
        said = decisions(options, "stream", ids, answers)
        hits = [(int(i), int(match)) for i, (hit, match, _, _) in said.items() if hit]
        other = [(i, j) for i, j in hits if rows[i][1] != rows[j][1]]
        outside = [(i, j) for i, j in hits if rows[i][1] == "oos"]
        strange = [(i, j) for i, j in outside if rows[i][0].casefold() != rows[j][0].casefold()]
        if options.show:
            for i, j in other + strange:
                print(f"  {rows[j][0]} [{rows[j][1]}] | {rows[i][0]} [{rows[i][1]}]")
        print(f"{name}, {told}: {len(rows)} questions, {100 * len(hits) / len(rows):.2f} % served, from another intent's "
              f"{100 * len(other) / len(rows):.3f} % ({len(other)}); out of scope served {len(outside)}, "
              f"of those from other words {len(strange)}")


def intents(options):
    import random
    data = json.loads((options.data / "clinc150/data.json").read_text(encoding="utf-8"))
    rows = [tuple(row) for part in data.values() for row in part]
    random.Random(1).shuffle(rows)
    stream_of_intents(options, "CLINC150", rows)
    with open(options.data / "banking77/train.csv", encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(file)]
    random.Random(1).shuffle(rows)
    stream_of_intents(options, "BANKING77", rows)


def runs_of(run):
    """What came of the workload's requests, each with its truth."""
    truth = {}
    for line in (run / "wl/repeat.truth.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        truth[row["id"]] = row
    for line in (run / "run-repeat/results.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row, truth[row["id"]]


def is_wrong(row, truth):
    token = re.compile(r"\[K-[0-9a-f]{14}-S\d\]")
    said, right = (token.search(text or "") for text in (row.get("answer"), truth["models"][truth["ref"]]["answer"]))
    return said is None or said.group() != right.group()


def repeat(options):
    seeds = [int(seed) for seed in options.what] or list(range(1, 21))
    rows = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as work:
            run = pathlib.Path(options.keep, str(seed)).resolve() if options.keep else pathlib.Path(work, "run")
            shutil.rmtree(run, ignore_errors=True)
            environment = dict(os.environ, DATA=str(options.data), OUT=str(run), KINDS="repeat", SEED=str(seed),
                               WEIR_E2E_DATA=str(pathlib.Path(work, "state")), WEIR_E2E_KEY_ACME="sk-e2e-acme",
                               WEIR_E2E_KEY_BIRCH="sk-e2e-birch", WEIR_E2E_KEY_COBALT="sk-e2e-cobalt",
                               HEALTH="/health/ready", DRIVE_ARGS="--header x-weir-debug:1",
                               GATEWAY_CMD=f"{options.weir} serve -c {options.config}")
            environment.setdefault("UP_PORT", "18190")
            environment.setdefault("GATEWAY_PORT", "18191")
            done = subprocess.run(["bash", str(options.e2e / "accept.sh")], env=environment, capture_output=True, text=True)
            if not (run / "run-repeat/score.json").exists():
                sys.exit(done.stdout + done.stderr)
            score = json.loads((run / "run-repeat/score.json").read_text(encoding="utf-8"))
            kinds = score["kinds"].values()
            hits, wrong = sum(k["hit"] for k in kinds), sum(k.get("false", 0) + k.get("leak", 0) for k in kinds)
            semantic = [is_wrong(*pair) for pair in runs_of(run) if pair[0]["headers"].get("x-weir-tier") == "semantic"]
            rows.append((score["rows"]["all"]["savings"], 100 * wrong / max(1, hits), sum(semantic) / max(1, len(semantic))))
            print(f"seed {seed}: saved {rows[-1][0]:.2f} %, errors {score['rows']['all']['errors']}, wrong {wrong} of {hits} "
                  f"hits ({rows[-1][1]:.2f} %), traps {score['kinds']['trap'].get('false', 0)}, "
                  f"leaks {sum(k.get('leak', 0) for k in kinds)}; semantic hits {len(semantic)}, wrong {sum(semantic)} "
                  f"({100 * rows[-1][2]:.2f} %)", flush=True)
            for row, truth in runs_of(run) if options.show else ():
                if row["headers"].get("x-weir-tier") == "semantic" and is_wrong(row, truth):
                    print("  wrong:", row["id"], truth["kind"], row["headers"].get("x-weir-why"))
    count = len(rows)
    print(f"{count} seeds: saved {sum(r[0] for r in rows) / count:.2f} % ({min(r[0] for r in rows):.2f} to "
          f"{max(r[0] for r in rows):.2f}), wrong of all hits at most {max(r[1] for r in rows):.2f} %, of the semantic hits at most "
          + ", ".join(f"{100 * p:g} % in {sum(r[2] <= p for r in rows)}" for p in (0.01, 0.02, 0.05)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = pathlib.Path(os.environ.get("WEIR_DATA", ROOT.parent / "shared/data"))
    parser.add_argument("command", choices=["constructions", "intents", "repeat"])
    parser.add_argument("what", nargs="*")
    parser.add_argument("--weir", type=pathlib.Path, default=ROOT / "build/release/weir")
    parser.add_argument("--data", type=pathlib.Path, default=shared)
    parser.add_argument("--e2e", type=pathlib.Path, default=shared.parent / "e2e")
    parser.add_argument("--config", type=pathlib.Path, default=ROOT / "config/e2e.yaml")
    parser.add_argument("--keep", help="a folder for what the runs of `repeat` wrote")
    parser.add_argument("--show", action="store_true")
    arguments = sys.argv[1:]
    passed = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:passed])
    options.passed = arguments[passed + 1:]
    if options.command != "constructions" and not options.data.is_dir():
        print(f"skipped: no folder {options.data} (set WEIR_DATA)")
        return
    {"constructions": constructions, "intents": intents, "repeat": repeat}[options.command](options)


if __name__ == "__main__":
    main()

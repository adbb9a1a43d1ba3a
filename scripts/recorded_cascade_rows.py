#!/usr/bin/env python3
"""Recorded answers of nine models to 2,770 questions as rows for `weir eval cascade`, on stdout.

    scripts/recorded_cascade_rows.py qa > qa.jsonl              # five tasks, as recorded
    scripts/recorded_cascade_rows.py drift > drift.jsonl        # four tasks, one after the other
    build/release/weir eval cascade --in drift.jsonl --reference gpt-4o \\
        --tiers llama3.1-8b,gpt-4o-mini,llama3.1-70b --promise 2% --order tasks --redraws 30

Costs are tokens times list price, what a gateway would be billed; `--cost recorded` takes the recording's own, which
pay for a verification call as well where the evidence comes from one. Reads $WEIR_DATA/rational-cascades (default
../shared/data beside the checkout).
"""
import argparse
import gzip
import json
import os
import pathlib
import sys

# USD per million tokens: input, output.
PRICES = {
    "llama3.2-1b": (0.10, 0.10),
    "llama3.2-3b": (0.10, 0.10),
    "llama3.1-8b": (0.20, 0.20),
    "llama3.1-70b": (0.90, 0.90),
    "llama3.1-405b": (3.0, 3.0),
    "qwen2.5-32b-coder-instruct": (0.90, 0.90),
    "qwen2.5-72b-instruct": (0.90, 0.90),
    "gpt-4o-mini": (0.15, 0.60),
    "gpt-4o": (2.50, 10.0),
}
TASKS = {"qa": None, "drift": ("mmlu", "truthfulqa", "medmcqa", "triviaqa")}


def answer_of(name: str, model: dict, cost: str) -> dict:
    tokens_in, tokens_out = model["tok_in"], max(1, model["tok_out"])
    by_tokens = (tokens_in * PRICES[name][0] + tokens_out * PRICES[name][1]) / 1e6
    return {
        "answer": model["answer"],
        "correct": int(model["correct"]),
        "logconf": None if model["logconf"] is None else min(model["logconf"], 0.0),
        "cost_usd": model["cost_usd"] if cost == "recorded" else by_tokens,
        "latency_ms": model["latency_ms"],
    }


def main() -> int:
    default = pathlib.Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stream", choices=sorted(TASKS))
    parser.add_argument("--cost", choices=("tokens", "recorded"), default="tokens")
    arguments = parser.parse_args()
    file = pathlib.Path(os.environ.get("WEIR_DATA", default)) / "rational-cascades" / "outcomes.jsonl.gz"
    if not file.exists():
        print(f"{file} is not there: set WEIR_DATA", file=sys.stderr)
        return 1
    rows, seen = [], set()
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            key = (row["system"].strip(), row["prompt"].strip())
            if key in seen:  # a few prompts stand there twice, with the same answers
                continue
            seen.add(key)
            models = {name: answer_of(name, model, arguments.cost) for name, model in row["models"].items()}
            rows.append({"id": row["qid"], "task": row["dataset"], "system": key[0], "prompt": key[1], "models": models})
    tasks = TASKS[arguments.stream]
    if tasks:
        rows = [row for task in tasks for row in rows if row["task"] == task]
    for row in rows:
        print(json.dumps(row, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

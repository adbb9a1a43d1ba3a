#!/usr/bin/env python3
"""RouteLLM's recorded verdicts as rows for `weir eval router`, on stdout.

    scripts/routellm_rows.py mmlu > mmlu.jsonl      # or gsm8k
    build/release/weir eval router --in mmlu.jsonl --weak mistralai/Mixtral-8x7B-Instruct-v0.1 \\
        --strong gpt-4-1106-preview --labels 1000 --redraws 20

Reads $WEIR_DATA/routellm-evals (default ../shared/data beside the checkout). The subject is left out: live traffic
would not say it.
"""
import gzip
import json
import os
import pathlib
import sys


def main() -> int:
    default = pathlib.Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    folder = pathlib.Path(os.environ.get("WEIR_DATA", default)) / "routellm-evals"
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in ("mmlu", "gsm8k"):
        print(__doc__, file=sys.stderr)
        return 2
    file = folder / f"{name}_mixtral_gpt4.jsonl.gz"
    if not file.exists():
        print(f"{file} is not there: set WEIR_DATA", file=sys.stderr)
        return 1
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            models = {model: {"correct": correct} for model, correct in row["correct"].items()}
            out = {"id": row["qid"], "task": name, "system": "", "prompt": row["prompt"], "models": models}
            print(json.dumps(out, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""BARGAIN's recorded proxy scores as rows for `weir eval cascade`, on stdout.

    scripts/bargain_rows.py reviews > reviews.jsonl             # or wiki_talk, tacred, or any set of that form
    build/release/weir eval cascade --in reviews.jsonl --reference oracle --tiers proxy --promise 5% \\
        --labels 400 --redraws 300

The proxy says yes from a score of a half on; it is right where the oracle says the same, and as sure as the larger of
score and its complement. A proxy's call costs a twentieth of the oracle's. Reads $WEIR_DATA/bargain (default
../shared/data beside the checkout).
"""
import csv
import gzip
import json
import math
import os
import pathlib
import sys


def main() -> int:
    default = pathlib.Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    folder = pathlib.Path(os.environ.get("WEIR_DATA", default)) / "bargain"
    if len(sys.argv) != 2 or not sys.argv[1].replace("_", "").isalnum():
        print(__doc__, file=sys.stderr)
        return 2
    name = sys.argv[1]
    files = [folder / f"{name}.csv", folder / f"{name}.csv.gz"]
    file = next((file for file in files if file.exists()), None)
    if file is None:
        print(f"{files[0]} is not there: set WEIR_DATA", file=sys.stderr)
        return 1
    opened = gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else open(file, encoding="utf-8")
    with opened as lines:
        for row in csv.DictReader(lines):
            score = float(row["proxy_score"])
            says = score >= 0.5
            label = row["label"].strip().lower() in ("1", "1.0", "true")
            confidence = min(1.0, max(score, 1 - score))
            proxy = {"answer": "yes" if says else "no", "correct": int(says == label), "cost_usd": 0.05}
            proxy["logconf"] = math.log(confidence)
            oracle = {"answer": "yes" if label else "no", "correct": 1, "cost_usd": 1.0}
            out = {"id": row["id"], "task": name, "system": "", "prompt": "", "models": {"proxy": proxy, "oracle": oracle}}
            print(json.dumps(out))
    return 0


if __name__ == "__main__":
    sys.exit(main())

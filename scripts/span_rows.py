#!/usr/bin/env python3
"""CoNLL++ entities as rows for `weir eval spans` and `weir eval student`, on stdout.

    scripts/span_rows.py conllpp > conllpp.jsonl        # the rows in the file's order
    scripts/span_rows.py conllpp --prompt > ...         # each text inside an instruction, as an application would send it
    build/release/weir eval spans --in conllpp.jsonl --train 5000
    build/release/weir eval student --in conllpp.jsonl --promise 5% --shuffles 5

Reads $WEIR_DATA/tensorzero (default ../shared/data beside the checkout). The answers are gold, not a model's.
"""
import csv
import gzip
import json
import os
import pathlib
import sys

BEFORE = "Find the named entities in the text below. Answer with JSON only.\n\nText:\n"
BEHIND = "\n\nKeys: person, organization, location, miscellaneous."


def main() -> int:
    default = pathlib.Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    file = pathlib.Path(os.environ.get("WEIR_DATA", default)) / "tensorzero" / "conllpp_ner.csv.gz"
    if sys.argv[1:] not in (["conllpp"], ["conllpp", "--prompt"]):
        print(__doc__, file=sys.stderr)
        return 2
    if not file.exists():
        print(f"{file} is not there: set WEIR_DATA", file=sys.stderr)
        return 1
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            prompt = BEFORE + row["input"] + BEHIND if len(sys.argv) == 3 else row["input"]
            out = {"id": str(number), "task": "conllpp", "system": "", "prompt": prompt, "answer": row["output"],
                   "gold": row["output"]}
            print(json.dumps(out, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

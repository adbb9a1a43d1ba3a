#!/usr/bin/env python3
"""A large model's recorded labels of three narrow tasks as rows for `weir eval student`, on stdout.

    scripts/student_rows.py banking77 > banking77.jsonl         # 77 intents by GPT-4
    scripts/student_rows.py isear > isear.jsonl                 # 7 emotions by GPT-3.5
    scripts/student_rows.py spam > spam.jsonl                   # spam or ham
    build/release/weir eval student --in banking77.jsonl --promise 5% --shuffles 100 --format json

Reads $WEIR_DATA (default ../shared/data beside the checkout): ocats, banking77 (names), online-cascade-learning,
tensorzero. Texts that come twice are left out the second time.
"""
import argparse
import csv
import gzip
import json
import os
import pathlib
import sys

EMOTIONS = ("joy", "fear", "anger", "sadness", "disgust", "shame", "guilt")
OTHER = "other"  # the model named no listed intent


def rows_of(path: pathlib.Path) -> list:
    csv.field_size_limit(10**8)
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def banking77(root: pathlib.Path):
    parts = [rows_of(path) for path in sorted((root / "banking77").glob("*.csv"))]
    names = sorted({row["category"] for part in parts for row in part}, key=str.casefold)
    if len(names) != 77:
        sys.exit(f"banking77: {len(names)} names instead of 77 under {root}")
    system = "Reply with exactly one intent from the list below.\n\n" + "\n".join("- " + name for name in names)

    def name(number: str) -> str:
        return names[int(number)] if 0 <= int(number) < len(names) else OTHER

    for row in rows_of(root / "ocats" / "raw_banking77_test.csv"):
        yield system, row["text"], name(row["gpt-label"]), name(row["label"])


def isear(root: pathlib.Path):
    system = "Classify the emotion of the person who describes the situation. One word: " + ", ".join(EMOTIONS) + "."
    path = root / "online-cascade-learning" / "isear_llm_labelled.tsv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        header = next(file).rstrip("\r\n").split("\t")
        for line in file:
            row = dict(zip(header, line.rstrip("\r\n").split("\t")))
            if row["gpt35"] in EMOTIONS:
                yield system, row["text"], row["gpt35"], row["gold"]


def spam(root: pathlib.Path):
    system = "Decide whether the SMS message is spam. Reply with exactly one word: spam or ham."
    for row in rows_of(root / "tensorzero" / "sms_spam_clean_data.csv"):
        label = "spam" if row["class"] == "1" else "ham"
        yield system, row["text"], label, label


def main() -> int:
    tasks = {"banking77": banking77, "isear": isear, "spam": spam}
    default = pathlib.Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=sorted(tasks))
    task = parser.parse_args().task
    seen = set()
    for system, text, answer, gold in tasks[task](pathlib.Path(os.environ.get("WEIR_DATA", default))):
        text = text.strip()
        if not text or text in seen:
            continue
        seen.add(text)
        row = {"id": len(seen), "task": task, "system": system, "prompt": text, "answer": answer, "gold": gold}
        print(json.dumps(row, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Recorded answers of real models as a fake provider: WEIR_DATA/rational-cascades/outcomes.jsonl.gz (its SOURCE.txt
says what it is). Nothing of it is copied into the project."""

import gzip
import json
import os

from harness import upstream

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# USD per million tokens, input and output alike where one number stands; they reproduce the recorded costs.
PRICES = {
    "llama3.1-8b": (0.20, 0.20),
    "gpt-4o-mini": (0.15, 0.60),
    "llama3.1-70b": (0.90, 0.90),
    "gpt-4o": (2.50, 10.0),
}


def file():
    data = os.environ.get("WEIR_DATA") or os.path.join(ROOT, "..", "shared", "data")
    return os.path.join(data, "rational-cascades", "outcomes.jsonl.gz")


def rows(dataset, count):
    """The first `count` different prompts of a data set that all the models of PRICES answered."""
    found, seen = [], set()
    with gzip.open(file(), "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            question = (row["system"], row["prompt"])
            if row["dataset"] == dataset and question not in seen and all(row["models"].get(name) for name in PRICES):
                seen.add(question)
                found.append(row)
                if len(found) == count:
                    break
    return found


class RecordedModel(upstream.Model):
    """One model, answering the recorded prompts with its recorded answer, tokens and mean log-probability."""

    def __init__(self, name, recorded):
        fresh, output = PRICES[name]
        super().__init__(price=(fresh, fresh, output))
        self.by_prompt = {(row["system"], row["prompt"]): row["models"][name] for row in recorded}

    def answer_for(self, request):
        system = [m["content"] for m in request["messages"] if m["role"] == "system"]
        user = [m["content"] for m in request["messages"] if m["role"] == "user"]
        recorded = self.by_prompt[(system[0], user[-1])]  # a changed prompt is a KeyError: the connection drops
        logprob = -9999.0 if recorded["logconf"] is None else recorded["logconf"]
        return recorded["answer"], logprob, (recorded["tok_in"], 0, recorded["tok_out"])

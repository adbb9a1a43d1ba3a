#!/usr/bin/env python3
"""The whole way of a generative student, once: ask a reference through Weir, export, train a LoRA of SmolLM2 (135M), import,
serve, and count what it says about questions that it has not seen. 7 minutes of processor time.

    WEIR_BIN=build/release/weir scripts/measure_adapter.py

The reference is a fake that says the label of BANKING77 ($WEIR_DATA/banking77, default ../shared/data beside the checkout;
eight of its intents, seed 5); everything else is real. --ask, --test, --epochs make it shorter.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests"))
from harness import upstream, wait_for  # noqa: E402
from harness.gateway import BINARY, Gateway  # noqa: E402

LABELS = (
    "card_arrival", "exchange_rate", "lost_or_stolen_card", "top_up_failed", "pin_blocked", "Refund_not_showing_up",
    "age_limit", "cash_withdrawal_charge",
)  # fmt: skip
SYSTEM = "Sort the bank customer's message into one of: %s. Answer with the label alone." % ", ".join(LABELS)


def say(text):
    print("== " + text, file=sys.stderr, flush=True)


def program_of(script):
    script = os.path.join(ROOT, "scripts", script)
    return subprocess.run([script], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def read_rows(count):
    data = os.environ.get("WEIR_DATA") or os.path.join(ROOT, "..", "shared", "data")
    with open(os.path.join(data, "banking77", "train.csv"), encoding="utf-8") as f:
        rows = [(row["text"], row["category"]) for row in csv.DictReader(f) if row["category"] in LABELS]
    random.Random(5).shuffle(rows)
    return rows[:count]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ask", type=int, default=125)
    parser.add_argument("--test", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    if not os.access(BINARY, os.X_OK):
        raise SystemExit("measure_adapter.py: WEIR_BIN does not name the gateway's program")
    base, server = program_of("fetch_model.sh"), program_of("build_llama_server.sh")
    rows = read_rows(arguments.ask + arguments.test)
    known, unseen = rows[: arguments.ask], rows[arguments.ask :]
    gold = dict(rows)
    up = upstream.Upstream(upstream.Model(text=lambda request: gold[request["messages"][-1]["content"]])).start()
    weir = Gateway(
        {
            "providers": {
                "fake": {"api": "openai", "base_url": up.base_url, "may_distil": True},
                "local": {"api": "llama-server", "model_file": base, "program": server, "context": 2048, "parallel": 1},
            },
            "models": {"local/smollm2": {"price": {"input": "0.01", "output": "0.04"}}},
            "cascades": {
                "default": {
                    "match": {"model": ["gpt-4o"]}, "reference_provider": "fake", "store": "content", "mode": "observe",
                },
                "alone": {"match": {"model": ["*/smollm2"]}, "mode": "off"},
            },
        },
        binary=os.path.abspath(BINARY),
    )  # fmt: skip

    def ask(text, model="gpt-4o"):
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
        body = {"model": model, "messages": messages, "temperature": 0, "max_tokens": 16}
        return weir.chat(body, [("x-weir-task", "bank")])

    def run(*argv):
        done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, cwd=weir.folder, env=weir.env)
        if done.returncode != 0:
            raise SystemExit("measure_adapter.py: %s failed" % " ".join(argv[:2]))
        return done.stdout

    with weir:
        for text, _ in known:
            reply = ask(text)
        weir.row(reply)
        kept = b"weir_examples_kept_total %d\n" % len(known)
        wait_for(lambda: kept in weir.admin("/metrics").body, 30, "the examples to be kept")
        run(weir.binary, "export", "-c", weir.config_file, "--task", "bank", "--out", "bank", "--base", base)
        began, before = time.monotonic(), os.times()
        run(os.path.join(ROOT, "scripts", "train_adapter.py"), "--base", base, "--data", "bank", "--out", "bank.gguf",
            "--llama-server", server, "--epochs", str(arguments.epochs))  # fmt: skip
        after = os.times()
        processor = after.children_user + after.children_system - before.children_user - before.children_system
        say("trained in %.0f s, %.0f s of processor time" % (time.monotonic() - began, processor))
        imported = json.loads(
            run(weir.binary, "import-adapter", "-c", weir.config_file, "--file", "bank.gguf", "--provider", "local",
                "--task", "bank", "--export-manifest", "bank.manifest.json", "--format", "json")
        )  # fmt: skip
        with open(weir.config_file) as f:
            text = f.read()
        for part in ("providers", "models"):
            text = text.replace(part + ":\n", "%s:\n  %s\n" % (part, imported["add_to_" + part]), 1)
        weir.stop()
        weir.write(text)
        weir.start()
        for model in ("local/smollm2", imported["model"]):
            wait_for(lambda model=model: ask("ready?", model).status == 200, 120, model + " to be ready")
            answers = [ask(text, model).json()["choices"][0]["message"]["content"].strip() for text, _ in unseen]
            right = sum(answer == label for answer, (_, label) in zip(answers, unseen))
            among = sum(answer in LABELS for answer in answers)
            print("%s: of %d, %d are one of the labels, %d the reference's" % (model, len(unseen), among, right), flush=True)


if __name__ == "__main__":
    main()

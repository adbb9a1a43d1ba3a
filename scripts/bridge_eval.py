#!/usr/bin/env python3
"""What it helps a small model to be shown a teacher's earlier answers: agreement with the teacher without examples, with the
nearest ones, and with as many drawn by chance, over the same rows of a recorded task.

    export WEIR_LLAMA_SERVER=$(scripts/build_llama_server.sh) WEIR_MODEL_FILE=$(scripts/fetch_model.sh)
    scripts/bridge_eval.py spam --rows 60 --minutes 20
    scripts/bridge_eval.py isear --rows 60 --minutes 20

Which examples are shown says `weir eval examples` (WEIR_BIN, default build/release/weir); the model is asked in a
llama-server of its own, at temperature 0, for at most 8 tokens. Rows come from scripts/student_rows.py (WEIR_DATA), in an
order drawn by --seed; the first --examples of them are never asked. Stops after --minutes with the rows it has.
"""
import argparse
import json
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict

ROOT = pathlib.Path(__file__).resolve().parent.parent
MOST_TOKENS = 8


def said(text):
    return text.strip().strip(".\"'").strip().lower()


class Model:
    def __init__(self, program, file, threads):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        argv = [program, "-m", file, "--host", "127.0.0.1", "--port", str(self.port), "-c", "4096", "--parallel", "1"]
        self.process = subprocess.Popen(
            argv + ["-t", str(threads)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 180
        while True:
            try:
                urllib.request.urlopen("http://127.0.0.1:%d/health" % self.port, timeout=5).read()
                return
            except (urllib.error.URLError, OSError):
                if time.monotonic() > end or self.process.poll() is not None:
                    sys.exit("llama-server did not start")
                time.sleep(0.2)

    def ask(self, messages):
        """(what it says, mean log-probability, tokens of the prompt)"""
        body = {"messages": messages, "temperature": 0, "max_tokens": MOST_TOKENS, "logprobs": True}
        request = urllib.request.Request(
            "http://127.0.0.1:%d/v1/chat/completions" % self.port,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        answer = json.load(urllib.request.urlopen(request, timeout=300))
        choice = answer["choices"][0]
        tokens = [token["logprob"] for token in (choice.get("logprobs") or {}).get("content") or []]
        mean = sum(tokens) / len(tokens) if tokens else 0
        return said(choice["message"]["content"] or ""), mean, answer["usage"]["prompt_tokens"]


def messages_of(row, examples):
    turns = [{"role": "system", "content": row["system"]}]
    for example in examples:
        turns.append({"role": "user", "content": example["prompt"]})
        turns.append({"role": "assistant", "content": example["answer"]})
    return turns + [{"role": "user", "content": row["prompt"]}]


def shown_by_weir(rows, first, count, folder):
    """Ids of the examples for each row from `first` on, as they are shown."""
    program = os.environ.get("WEIR_BIN", str(ROOT / "build" / "release" / "weir"))
    source, target = folder / "rows.jsonl", folder / "shown.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    argv = [program, "eval", "examples", "--in", source, "--out", target, "--examples", str(count), "--from", str(first)]
    subprocess.run([str(each) for each in argv], check=True, stdout=subprocess.DEVNULL)
    return [[one["id"] for one in json.loads(line)["shown"]] for line in target.read_text().splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=["spam", "isear", "banking77"])
    parser.add_argument("--rows", type=int, default=60)
    parser.add_argument("--examples", type=int, default=800)
    parser.add_argument("--shown", type=int, nargs="*", default=[4, 8])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    end = time.monotonic() + 60 * args.minutes
    printed = subprocess.run(
        [sys.executable, ROOT / "scripts" / "student_rows.py", args.task], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    draw = random.Random(args.seed)
    draw.shuffle(rows)
    rows = rows[: args.examples + args.rows]
    by_id = {str(row["id"]): row for row in rows}
    with tempfile.TemporaryDirectory() as folder:
        near = {count: shown_by_weir(rows, args.examples, count, pathlib.Path(folder)) for count in args.shown}
    labels = Counter(said(row["answer"]) for row in rows[: args.examples])
    commonest = labels.most_common(1)[0][0]
    model = Model(os.environ["WEIR_LLAMA_SERVER"], os.environ["WEIR_MODEL_FILE"], args.threads)
    results = defaultdict(list)
    done = 0
    try:
        for number, row in enumerate(rows[args.examples :]):
            ways = {"none": []}
            for count in args.shown:
                ways["nearest %d" % count] = [by_id[one] for one in near[count][number]]
                ways["random %d" % count] = draw.sample(rows[: args.examples], count)
            row_results = {}
            for way, examples in ways.items():
                if time.monotonic() > end:
                    break
                answer, logprob, tokens = model.ask(messages_of(row, examples))
                row_results[way] = (answer == said(row["answer"]), logprob, tokens, answer in labels)
            if len(row_results) < len(ways):
                break
            for way, result in row_results.items():
                results[way].append(result)
            results["commonest label"].append((commonest == said(row["answer"]), 0, 0, True))
            votes = Counter(said(each["answer"]) for each in ways["nearest %d" % args.shown[-1]])
            voted = votes.most_common(1)[0][0] if votes else commonest
            results["vote of nearest %d" % args.shown[-1]].append((voted == said(row["answer"]), 0, 0, True))
            done += 1
    finally:
        model.process.terminate()
        model.process.wait()
    print("%s: %d rows, %d examples, seed %d" % (args.task, done, args.examples, args.seed))
    print("%-18s %9s %9s %14s %8s" % ("shown", "agreement", "a label", "surest half", "tokens"))
    for way, seen in results.items():
        surest = sorted(seen, key=lambda result: -result[1])[: max(1, len(seen) // 2)]
        share = lambda which, place: 100 * sum(each[place] for each in which) / max(1, len(which))
        sure = "%13.1f%%" % share(surest, 0) if any(each[1] for each in seen) else "%14s" % ""
        tokens = sum(each[2] for each in seen) / max(1, len(seen))
        print("%-18s %8.1f%% %8.1f%% %s %8.0f" % (way, share(seen, 0), share(seen, 3), sure, tokens))
    return 0


if __name__ == "__main__":
    sys.exit(main())

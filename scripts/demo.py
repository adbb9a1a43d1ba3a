#!/usr/bin/env python3
"""Plays the demo's workload through a running gateway and checks every answer. Standard library only.

  scripts/demo.py --base http://127.0.0.1:8080 --model smollm2 [--in-flight 3] [--json FILE]

Exit 0 if every request was answered, and answered rightly: status 200, a finished and non-empty answer, JSON of the schema
where one was asked for, a stream closed by [DONE], and the same text where the answer came from the exact cache.
"""
import argparse
import collections
import http.client
import json
import queue
import sys
import threading
import time
import urllib.parse

import demo_workload

TIMEOUT_SECONDS = 300  # an answer
PROGRESS_EVERY = 20    # requests, where the output is no terminal


class Answer:
    def __init__(self, status, tier, text, finish, seconds, problem=None):
        self.status, self.tier, self.text, self.finish = status, tier, text, finish
        self.seconds, self.problem = seconds, problem


def read_stream(response):
    """The text, the finish reason and whether [DONE] closed it."""
    text, finish, closed = [], None, False
    for line in response:
        line = line.strip()
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            closed = True
            continue
        event = json.loads(data)
        if "error" in event:
            raise ValueError("the stream brought an error: %s" % event["error"])
        for choice in event.get("choices", []):
            text.append(choice.get("delta", {}).get("content") or "")
            finish = choice.get("finish_reason") or finish
    response.read()  # without it http.client holds a stream with a Content-Length for unfinished
    return "".join(text), finish, closed


def send(connection, ask):
    began = time.monotonic()
    connection.request("POST", "/v1/chat/completions", ask.body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    tier = response.getheader("x-weir-tier") or "none"
    if response.status != 200:
        said = response.read(2000).decode("utf-8", "replace").strip()
        return Answer(response.status, tier, "", None, time.monotonic() - began, "status %d: %s" % (response.status, said))
    problem = None
    if ask.stream:
        text, finish, closed = read_stream(response)
        if not closed:
            problem = "the stream did not end with [DONE]"
    else:
        choice = json.loads(response.read())["choices"][0]
        text, finish = choice["message"]["content"], choice["finish_reason"]
    return Answer(200, tier, text, finish, time.monotonic() - began, problem)


def problem_of(ask, original, answer):
    """What is wrong with an answer, None where nothing is."""
    if answer.problem:
        return answer.problem
    if not answer.text or not answer.text.strip():
        return "the answer is empty"
    if not answer.finish:
        return "the answer has no finish_reason"
    if b"json_schema" in ask.body and answer.finish == "stop":
        try:
            label = json.loads(answer.text)["label"]
        except (ValueError, KeyError, TypeError):
            return "not JSON of the schema: %r" % answer.text
        if label not in demo_workload.LABELS:
            return "a label that the schema does not have: %r" % label
    if answer.tier == "exact" and original is not None and original.text != answer.text:
        return "from the cache, but not the answer that was given before"
    return None


class Player:
    def __init__(self, base, asks):
        url = urllib.parse.urlsplit(base)
        self.host, self.port = url.hostname, url.port or 80
        self.asks = asks
        self.answers = [None] * len(asks)
        self.settled = [threading.Event() for _ in asks]
        self.work = queue.Queue()
        for number in range(len(asks)):
            self.work.put(number)
        self.lock = threading.Lock()
        self.count, self.problems = 0, []
        self.began = time.monotonic()
        self.failed = threading.Event()

    def worker(self):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)
        while True:
            try:
                number = self.work.get_nowait()
            except queue.Empty:
                connection.close()
                return
            ask = self.asks[number]
            if ask.repeats is not None:
                self.settled[ask.repeats].wait()  # what repeats it comes after it, as in life
            try:
                answer = send(connection, ask)
            except (OSError, ValueError, KeyError, IndexError, http.client.HTTPException) as error:
                connection.close()
                answer = Answer(0, "none", "", None, 0.0, "%s: %s" % (type(error).__name__, error))
            self.settle(number, ask, answer)

    def settle(self, number, ask, answer):
        original = self.answers[ask.repeats] if ask.repeats is not None else None
        answer.problem = problem_of(ask, original, answer)
        self.answers[number] = answer
        self.settled[number].set()
        with self.lock:
            self.count += 1
            if answer.problem:
                self.problems.append("request %d (%s): %s" % (number + 1, ask.kind, answer.problem))
            self.progress()

    def progress(self):
        seconds = time.monotonic() - self.began
        cached = sum(1 for a in self.answers if a and a.tier == "exact")
        line = "%3d of %d answered, %d from the cache, %d wrong, %.0f s" % (
            self.count - len(self.problems), len(self.asks), cached, len(self.problems), seconds)
        if sys.stderr.isatty():
            end = "\n" if self.count == len(self.asks) else ""
            print("\r" + line + "   ", end=end, file=sys.stderr, flush=True)
        elif self.count % PROGRESS_EVERY == 0 or self.count == len(self.asks):
            print(line, file=sys.stderr, flush=True)

    def play(self, in_flight):
        threads = [threading.Thread(target=self.worker, daemon=True) for _ in range(in_flight)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - self.began


def summary(player, seconds):
    """Seconds waited by tier, and what the cache saved against the wait for the same answer the first time."""
    tiers = collections.OrderedDict()
    saved = 0.0
    for ask, answer in zip(player.asks, player.answers):
        entry = tiers.setdefault(answer.tier, {"requests": 0, "seconds": 0.0})
        entry["requests"] += 1
        entry["seconds"] += answer.seconds
        if ask.repeats is not None and answer.tier == "exact":
            saved += max(0.0, player.answers[ask.repeats].seconds - answer.seconds)
    repeats = [a for ask, a in zip(player.asks, player.answers) if ask.repeats is not None]
    return {"sent": len(player.asks), "answered": len(player.asks) - len(player.problems),
            "problems": player.problems, "seconds": round(seconds, 2),
            "streams": sum(1 for ask in player.asks if ask.stream), "repeats": len(repeats),
            "repeats_from_cache": sum(1 for a in repeats if a.tier == "exact"),
            "seconds_waited_saved": round(saved, 2), "tiers": tiers}


def show(result):
    print("%-12s %9s %12s %14s" % ("tier", "requests", "waited, s", "each, ms"))
    for tier, entry in result["tiers"].items():
        print("%-12s %9d %12.1f %14.1f" % (tier, entry["requests"], entry["seconds"],
                                           1000 * entry["seconds"] / entry["requests"]))
    waited = sum(entry["seconds"] for entry in result["tiers"].values())
    print("%d of %d repeats came from the cache: %.1f s of waiting saved, %.1f s waited, %.1f s by the clock" % (
        result["repeats_from_cache"], result["repeats"], result["seconds_waited_saved"], waited, result["seconds"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default="http://127.0.0.1:8080")
    parser.add_argument("--model", required=True)
    parser.add_argument("--in-flight", type=int, default=3)
    parser.add_argument("--json", help="write the summary to this file")
    options = parser.parse_args()
    player = Player(options.base, demo_workload.plan(options.model))
    kinds = collections.Counter(ask.kind for ask in player.asks)
    print("%d requests: %d tickets to sort under a JSON schema, %d short questions, %d repeats, %d repeats rewritten; %d of "
          "all as streams" % (len(player.asks), kinds["ticket"], kinds["question"], kinds["repeat"], kinds["rewritten"],
                              sum(1 for ask in player.asks if ask.stream)), file=sys.stderr)
    seconds = player.play(options.in_flight)
    result = summary(player, seconds)
    show(result)
    for problem in player.problems[:20]:
        print("WRONG: " + problem)
    if options.json:
        with open(options.json, "w") as f:
            json.dump(result, f, indent=1)
    return 1 if player.problems else 0


if __name__ == "__main__":
    sys.exit(main())

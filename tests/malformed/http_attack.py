#!/usr/bin/env python3
"""Sends malformed and hostile HTTP and JSON to a running gateway and checks that it bears it.

    http_attack.py --port 8080 [--host 127.0.0.1] [--count 10000] [--seed 1] [--connections 32] [--deadline 10]
                   [--model gpt-4o] [--key KEY] [--probe-body FILE] [--only INDEX] [--pid PID] [--show 10]

  --count        how many inputs; each is made from (seed, its index) alone
  --connections  how many at the same time
  --deadline     seconds an input may take until it is answered or its connection closed (raise it for sanitizers)
  --model        a model that the gateway serves; the probe and the inputs' healthy parts ask for it
  --key          the caller's key, where the gateway wants one
  --probe-body   a chat request (JSON) to ask before and after instead of the default; it must be answered with 200
  --only         send just the input of that index, print it and what came of it
  --pid          the gateway's process: must be alive after the storm, and have no more than 32 file descriptors more
                 than before within the deadline
  --show         how many violations to print

Checked for every input: a complete request is answered or its connection closed within the deadline, never left
hanging; each reply is well-formed HTTP/1.1 with an error in the API's form where an error is due; nothing malformed
gets a 2xx, nothing at all a 500; after a fault of framing the connection is closed and nothing behind it is answered
(no smuggling); well-meaning requests in between succeed. Prints counts by kind and outcome.
Exit: 0 kept, 1 a violation, 2 usage or no gateway. Standard library only; no sleeps; bounded in time by
count x deadline / connections. Meant for a gateway with the default limits of head (32 KiB) and body (32 MiB).
"""
import argparse
import collections
import concurrent.futures
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from http_inputs import HTTP_KINDS  # noqa: E402
from inputs import CHAT, Target, rng_of  # noqa: E402
from json_inputs import JSON_KINDS  # noqa: E402
from send import Sender  # noqa: E402

KINDS = HTTP_KINDS + JSON_KINDS
MAX_VIOLATIONS = 50  # then the rest is not sent


def make(seed, index, target):
    rng = rng_of(seed, index)
    generate = rng.choices([kind for kind, _ in KINDS], weights=[weight for _, weight in KINDS])[0]
    return generate(rng, target)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--deadline", type=float, default=10.0)
    parser.add_argument("--model", default="gpt-4o")
    parser.add_argument("--key", default="")
    parser.add_argument("--probe-body")
    parser.add_argument("--only", type=int)
    parser.add_argument("--pid", type=int)
    parser.add_argument("--show", type=int, default=10)
    return parser.parse_args()


def probe(sender, target, body):
    """None where the gateway answers a normal request with 200, else what it did."""
    return sender.probe(target.request("POST", CHAT, body=body, lines=["Content-Type: application/json"]))


def open_files(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def check_process(pid, files_before, deadline):
    """None, or what is wrong with the process after the storm. Polls: closing is the gateway's business."""
    until = time.monotonic() + deadline
    while True:
        try:
            files = open_files(pid)
        except OSError:
            return "process %d is gone" % pid
        if files <= files_before + 32:
            return None
        if time.monotonic() > until:
            return "%d file descriptors are open, %d were before" % (files, files_before)
        time.sleep(0.05)


def storm(options, sender, target):
    """Sends everything; returns ({(kind, outcome): count}, [violations])."""
    counts = collections.Counter()
    violations = []

    def one(index):
        if len(violations) >= MAX_VIOLATIONS:
            return
        attack = make(options.seed, index, target)
        outcome = sender.send(attack)
        counts[attack.kind, outcome.what] += 1
        if outcome.violation:
            violations.append((index, attack, outcome))

    with concurrent.futures.ThreadPoolExecutor(options.connections) as pool:
        for _ in pool.map(one, range(options.count)):
            pass
    return counts, violations


def print_counts(counts):
    kinds = sorted({kind for kind, _ in counts})
    for kind in kinds:
        outcomes = sorted(((what, n) for (k, what), n in counts.items() if k == kind), key=lambda pair:
                          (-pair[1], pair[0]))
        print("%-26s %6d  %s" % (kind, sum(n for _, n in outcomes), ", ".join("%s %d" % pair for pair in outcomes)))


def print_violation(index, attack, outcome):
    print("VIOLATION input %d (%s): %s" % (index, attack.kind, outcome.violation))
    print("  sent %d bytes: %r%s" % (len(attack.data), attack.data[:300], "..." if len(attack.data) > 300 else ""))
    print("  got  %r" % outcome.received[:300])


def main():
    options = arguments()
    target = Target(options.model, options.key)
    sender = Sender((options.host, options.port), options.deadline)
    if options.only is not None:
        attack = make(options.seed, options.only, target)
        outcome = sender.send(attack)
        print("input %d: %s, leave: %s, replies due: %s\n%r" %
              (options.only, attack.kind, attack.leave, attack.replies, attack.data))
        print("outcome: %s%s\n%r" %
              (outcome.what, "; VIOLATION: " + outcome.violation if outcome.violation else "", outcome.received))
        return 1 if outcome.violation else 0

    body = target.chat()
    if options.probe_body:
        with open(options.probe_body, "rb") as file:
            body = file.read()
    wrong = probe(sender, target, body)
    if wrong:
        print("the gateway does not answer a normal request before anything was sent: " + wrong, file=sys.stderr)
        return 2
    files_before = open_files(options.pid) if options.pid else 0
    started = time.monotonic()
    counts, violations = storm(options, sender, target)
    took = time.monotonic() - started

    print_counts(counts)
    for violation in violations[:options.show]:
        print_violation(*violation)
    after = probe(sender, target, body)
    if after:
        print("VIOLATION after the storm a normal request fails: " + after)
    process = check_process(options.pid, files_before, options.deadline) if options.pid else None
    if process:
        print("VIOLATION " + process)
    sent = sum(counts.values())
    failures = len(violations) + bool(after) + bool(process)
    print("%d inputs in %.1f s, seed %s: %d violations" % (sent, took, options.seed, failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Whether `weir report` adds up after the demo.

  scripts/check_report.py --weir build/release/weir --config config/demo.yaml --sent N

The total counts N requests; by task, model, tenant, tier and day the lines' requests, tokens and dollars add up to the
total, to the nano-dollar; what was saved is the counterfactual less the cost. Waits up to 15 s for the last rows.
"""
import argparse
import json
import subprocess
import sys
import time
from decimal import Decimal

GROUPS = ("task", "model", "tenant", "tier", "day")
COUNTS = ("requests", "errors", "input_tokens", "output_tokens")
DOLLARS = ("cost_usd", "counterfactual_usd", "saved_usd")
PATIENCE_SECONDS = 15


def report(options, by):
    argv = [options.weir, "report", "-c", options.config, "--since", "24h", "--by", by, "--format", "json"]
    result = subprocess.run(argv, stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit("check_report: %s failed" % " ".join(argv))
    return json.loads(result.stdout, parse_float=Decimal)


def value(line, member):
    amount = line.get(member, 0)
    return Decimal(str(amount if amount is not None else 0))


def problems_of(document, by, sent):
    total, lines = document["total"], document["lines"]
    found = []
    if total["requests"] != sent:
        found.append("the total counts %s requests, %d were sent" % (total["requests"], sent))
    for member in COUNTS + DOLLARS:
        parts = sum((value(line, member) for line in lines), Decimal(0))
        if parts != value(total, member):
            found.append("%s: the lines' sum is %s, the total %s" % (member, parts, total.get(member)))
    for line in lines + [total]:
        if value(line, "saved_usd") != value(line, "counterfactual_usd") - value(line, "cost_usd"):
            found.append("%s: saved is not counterfactual less cost" % line.get("key", "total"))
    if value(total, "requests") and not value(total, "counterfactual_usd"):
        found.append("nothing was priced")
    return ["by %s: %s" % (by, what) for what in found]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", required=True)
    parser.add_argument("--config", required=True)
    parser.add_argument("--sent", type=int, required=True)
    options = parser.parse_args()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while report(options, "tier")["total"]["requests"] < options.sent and time.monotonic() < deadline:
        time.sleep(0.1)
    problems = [problem for by in GROUPS for problem in problems_of(report(options, by), by, options.sent)]
    for problem in problems:
        print("the report does not add up, " + problem)
    if not problems:
        print("the report adds up: %d requests, by %s" % (options.sent, ", ".join(GROUPS)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

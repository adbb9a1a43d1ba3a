#!/usr/bin/env python3
"""Weir beside nginx and HAProxy, in one run, on loopback, against an instant provider. Standard library only.

  bench/run.py [--build build/release] [--quick] [--only CASE,CASE] [--rounds 3] [--seconds 3] [--json FILE]
               [--no-callgrind]

Gateways on one CPU, load generator and provider on another. Rounds are interleaved, every other one in the opposite
order (nginx, HAProxy, Weir, Weir, HAProxy, nginx, ...): figures of different runs are not comparable, ratios of one run
are. CPU time is user + system of the gateway's process tree over answered requests, the median of the rounds. A ratio
is the median of the rounds' own ratios, each against the peer in the same round; from 6 rounds on with the interval
that holds it with 95 % confidence (order statistics: nothing is assumed of how the noise is distributed). Every answer
is compared byte for byte with what the provider sent. Instructions are callgrind's: user space alone, all threads, the
difference of two runs, so that start-up is not in them; of what telemetry costs they decide, a shared machine's
timings can't.
Exit 1 where an answer was wrong or Weir could not be measured; a missed bar is shown, not failed: a shared machine's
timings are no test. "dashboard" asks a ledger of 10 million requests what the dashboard asks (ledger_views_bench; 1.5 GB
in /tmp, two minutes).
"""

import argparse
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

from processes import BUDGETS, Bench, cpu_seconds, mapped_file_mib, peak_mib, reset_peak, run_seconds

CHAT = "/v1/chat/completions"
# title, bar, aim, peer of the ratio, what every gateway is asked, what Weir is asked (label -> model, options).
# The cache has a Weir of its own, so that its memory is not mistaken for the forwarding one's.
FORWARDING, CACHING, STUDENT, TELLING = "weir", "weir, cache", "weir, student", "weir, telemetry"
TELLING_ALL = "weir, telemetry, all traced"
WEIRS = (CACHING, STUDENT, TELLING_ALL, TELLING, FORWARDING)
SAMPLES = {TELLING: "10%", TELLING_ALL: "100%"}
TELEMETRY_BAR, TELEMETRY_AIM = 1.03, 1.02
CASES = {
    "1k": dict(
        title="proxied, 1 KiB body",
        peer="nginx",
        bar=1.3,
        aim=1.0,
        options={},
        weir={FORWARDING: ("bench-off", {}), "weir, cache, all misses": ("bench-serve", {})},
    ),
    "hit": dict(
        title="exact hit, 1 KiB, against proxying",
        peer="nginx",
        bar=0.6,
        aim=0.5,
        options={},
        weir={CACHING: ("bench-serve", {"distinct": 64})},
        peers=("nginx",),
    ),
    "16k": dict(
        title="proxied, 16 KiB body",
        peer="nginx",
        bar=1.6,
        aim=1.2,
        options={"body_bytes": 16384},
        weir={FORWARDING: ("bench-off", {})},
    ),
    "one": dict(
        title="proxied, 1 KiB, one connection",
        peer="nginx",
        bar=None,
        aim=None,
        options={"connections": 1},
        weir={FORWARDING: ("bench-off", {})},
    ),
    "sse": dict(
        title="stream of 64 events in a burst",
        peer="haproxy",
        bar=1.3,
        aim=1.0,
        options={"stream": "plain"},
        weir={FORWARDING: ("bench-off", {})},
    ),
    "translated": dict(
        title="stream of 64 events out of another API's, against relaying",
        peer=FORWARDING,
        bar=2.0,
        aim=1.5,
        options={"stream": "plain"},
        weir={
            FORWARDING: ("bench-off", {}),
            "weir, out of Anthropic's": ("bench-anthropic", {"stream": "translated"}),
            "weir, out of Gemini's": ("bench-gemini", {"stream": "translated"}),
        },
        peers=(),
    ),
    "paced": dict(
        title="stream of 64 events 5 ms apart, 32 at a time",
        peer="haproxy",
        bar=1.3,
        aim=1.0,
        options={"stream": "plain", "path": "/paced" + CHAT},
        weir={FORWARDING: ("bench-paced", {"path": CHAT})},
    ),
    "student": dict(
        title="answered by a student, 400 bytes, against proxying",
        peer="nginx",
        bar=1.0,
        aim=0.8,
        options={"body_bytes": 400},
        weir={STUDENT: ("bench-labels", {"labels": 1})},
        peers=("nginx",),
    ),
    "telemetry": dict(
        title="proxied, 1 KiB, OTLP metrics, and traces of one request in ten or all, against without",
        peer=FORWARDING,
        bar=TELEMETRY_BAR,
        aim=TELEMETRY_AIM,
        options={},
        weir={label: ("bench-off", {}) for label in (FORWARDING, TELLING, TELLING_ALL)},
        peers=(),
    ),
    "3000": dict(
        title="fixed 3,000 requests/s, 1 KiB",
        peer="nginx",
        bar=1.2,
        aim=1.0,
        options={"rate": 3000},
        weir={FORWARDING: ("bench-off", {})},
    ),
}
MEMORY_BAR_MIB, MEMORY_AIM_MIB = 40, 25
# What is asked, and whether telemetry and budgets are measured beside it.
CALLGRIND = {
    "proxied, 1 KiB": ("bench-off", {}, True),
    "exact hit": ("bench-serve", {"distinct": 8}, True),
    "stream of 64 events": ("bench-off", {"stream": "plain"}, True),
    "... out of Anthropic's": ("bench-anthropic", {"stream": "translated"}, False),
    "... out of Gemini's": ("bench-gemini", {"stream": "translated"}, False),
}
CALLGRIND_REQUESTS = (300, 1800)


def one_round(bench, gateway, options):
    """Loads one gateway once and returns the figures of it."""
    reset_peak(gateway["pid"])
    before, run_before = cpu_seconds(gateway["pid"]), run_seconds(gateway["pid"])
    out, complaint, code = bench.load(gateway["port"], gateway["model"], options)
    after, run_after = cpu_seconds(gateway["pid"]), run_seconds(gateway["pid"])
    try:
        seen = json.loads(out)
    except ValueError:
        seen = {"answered": 0, "failed": 1}
    if code != 0 or not seen["answered"]:
        print(
            "bench: %s: wrong or missing answers: %s %s" % (gateway["label"], seen, complaint.strip()), file=sys.stderr
        )
        return None
    user, system = (1e6 * (after[i] - before[i]) / seen["answered"] for i in (0, 1))
    exact = None if run_before is None or run_after is None else 1e6 * (run_after - run_before) / seen["answered"]
    return dict(
        cpu_us=user + system if exact is None else exact,
        user_us=user,
        system_us=system,
        rate=seen["rate"],
        late=seen["late"],
        by_student=seen["by_student"] / seen["answered"],
        p50_us=seen["latency_us"]["p50"],
        p99_us=seen["latency_us"]["p99"],
        peak_mib=peak_mib(gateway["pid"]),
    )


def teach(bench, gateway, options):
    """Asks until a student answers nearly everything: what it costs then is measured."""
    for _ in range(60):
        out, complaint, code = bench.load(gateway["port"], gateway["model"], dict(options, seconds=0.3))
        if code != 0:
            raise SystemExit("bench: %s: %s %s" % (gateway["label"], out, complaint))
        seen = json.loads(out)
        if seen["by_student"] > 0.9 * seen["answered"]:
            return
        time.sleep(0.2)  # it is trained meanwhile
    raise SystemExit("bench: no student answers after 60 rounds: %s" % out)


def options_for(case, label, more):
    options = dict(case["options"], **more)
    if label == "nginx" and options.get("stream") and "path" not in more:
        options["path"] = "/stream" + options.get("path", CHAT)  # answers passed on as they come
    return options


def run_case(bench, case, peers, weir, rounds, seconds):
    """Every gateway in turn, `rounds` times; returns label -> medians and all values."""
    entries = []
    for name in case.get("peers", ("nginx", "haproxy")):
        if name in peers:
            entries.append((dict(label=name, pid=peers[name][0], port=peers[name][1], model="bench"), {}))
    for label, (model, more) in case["weir"].items() if weir else ():
        program, port = weir[next(name for name in WEIRS if label.startswith(name))]
        entries.append((dict(label=label, pid=program.pid, port=port, model=model), more))
    figures = {gateway["label"]: [] for gateway, _ in entries}
    for gateway, more in entries:
        if gateway["label"] == STUDENT:
            teach(bench, gateway, options_for(case, STUDENT, more))
    for turn in range(-1, rounds):  # the first is the warm-up
        for gateway, more in entries if turn % 2 else entries[::-1]:
            options = options_for(case, gateway["label"], more)
            options["seconds"] = seconds if turn >= 0 else 0.5
            result = one_round(bench, gateway, options)
            if result is None:
                figures[gateway["label"]] = None
                return figures
            if turn >= 0:
                figures[gateway["label"]].append(result)
    return figures


def median(rounds, name):
    return statistics.median(r[name] for r in rounds)


def paired_ratio(rounds, base, name="cpu_us"):
    """(median of the rounds' ratios, its interval of at least 95 % confidence or nothing with fewer than 6 rounds)."""
    ratios = sorted(r[name] / b[name] for r, b in zip(rounds, base, strict=True))
    n, interval = len(ratios), None
    # P(the k smallest are all above or all below the median's place) = 2 * P(binomial(n, 1/2) < k)
    tail = 0.0
    for k in range(n // 2):
        tail += math.comb(n, k) / 2**n
        if 2 * tail > 0.05:
            break
        interval = (ratios[k], ratios[n - 1 - k])
    return statistics.median(ratios), interval


def verdict(ratio, bar, aim):
    if bar is None or ratio is None:
        return ""
    return "aim reached" if ratio <= aim else "within the bar" if ratio <= bar else "MISSED"


def print_case(name, case, figures, results):
    bar = "" if case["bar"] is None else "   bar %.4g x %s, aim %.4g x" % (case["bar"], case["peer"], case["aim"])
    print("\n%s%s" % (case["title"], bar))
    print(
        "  %-28s %9s %15s %8s %8s %10s %9s %9s %6s %7s"
        % ("gateway", "CPU us", "[lowest..most]", "user", "system", "requests/s", "p50 us", "p99 us", "MiB", "ratio")
    )
    base = figures.get(case["peer"])
    row = {}
    for label, rounds in figures.items():
        if not rounds:
            print("  %-28s failed" % label)
            continue
        m = {k: median(rounds, k) for k in rounds[0]}
        ratio, interval = paired_ratio(rounds, base) if base else (None, None)
        shown = "" if ratio is None or label == case["peer"] else "%.3f" % ratio
        if shown and interval:
            shown += " [%.3f..%.3f]" % interval
        judged = label in WEIRS or "out of" in label
        word = verdict(ratio, case["bar"], case["aim"]) if judged and label != case["peer"] else ""
        spread = "[%.1f..%.1f]" % (min(r["cpu_us"] for r in rounds), max(r["cpu_us"] for r in rounds))
        peak = max(r["peak_mib"] for r in rounds)
        print(
            "  %-28s %9.1f %15s %8.1f %8.1f %10.0f %9.0f %9.0f %6.1f %7s %s"
            % (
                label,
                m["cpu_us"],
                spread,
                m["user_us"],
                m["system_us"],
                m["rate"],
                m["p50_us"],
                m["p99_us"],
                peak,
                shown,
                word,
            )
        )
        process = CACHING if label.startswith(CACHING) else label
        results["memory_mib"][process] = max([results["memory_mib"].get(process, 0)] + [peak])
        row[label] = dict(m, ratio=ratio, ratio_interval=interval, verdict=word, rounds=rounds)
    if row.get(STUDENT):
        share = 100 * row[STUDENT]["by_student"]
        print("  by the student: %.1f %% of the answers; its training is in the CPU time" % share)
    if name == "3000" and row.get(FORWARDING) and row.get("nginx"):
        worse = row[FORWARDING]["p99_us"] - row["nginx"]["p99_us"]
        print("  p99 against nginx: %+.0f us (bar: no worse)" % worse)
        row["p99_difference_us"] = worse
    results["cases"][name] = dict(title=case["title"], bar=case["bar"], aim=case["aim"], peer=case["peer"], rows=row)


def count_instructions(bench, name, model, options, more, sample):
    """Instructions a request, or nothing: (I of N2 requests - I of N1) / (N2 - N1)."""
    totals = []
    for count in CALLGRIND_REQUESTS:
        out = os.path.join(bench.folder, "callgrind.out")
        wrapper = ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + out]
        program, port = bench.start_weir("%s-%d" % (name, count), wrapper, more, sample)
        text, complaint, code = bench.load(port, model, dict(options, requests=count, connections=8))
        program.stop()
        if code != 0 or not os.path.exists(out):
            print("  %-28s failed: %s %s" % (name, text.strip(), complaint.strip()))
            return None
        with open(out) as f:
            totals.append(int(re.search(r"^(?:summary|totals): (\d+)", f.read(), re.M).group(1)))
        os.remove(out)
    return (totals[1] - totals[0]) / (CALLGRIND_REQUESTS[1] - CALLGRIND_REQUESTS[0])


def instructions(bench, results):
    print(
        "\ninstructions per request in user space, all threads (callgrind; valgrind's processor has no SHA "
        "instructions, so the cache's key counts for more than it costs); telemetry: bar %.4g x" % TELEMETRY_BAR
    )
    for number, (title, (model, options, beside)) in enumerate(CALLGRIND.items()):
        base = None
        variants = [("", "", None)]
        if beside:
            variants += [(", %s traced" % sample, "", sample) for sample in SAMPLES.values()] + [(", budgets", BUDGETS, None)]
        for variant, (label, more, sample) in enumerate(variants):
            name = "weir-callgrind-%d-%d" % (number, variant)
            each = count_instructions(bench, name, model, options, more, sample)
            if each is None:
                break
            ratio = each / base if base else None
            base = base or each
            word = verdict(ratio, TELEMETRY_BAR, TELEMETRY_AIM) if sample == SAMPLES[TELLING] else ""
            shown = "" if ratio is None else "%.3f" % ratio
            print("  %-32s %9.0f %6s %s" % (title + label, each, shown, word), flush=True)
            results["instructions"][title + label] = round(each)


QUESTION = re.compile(r"^(\w+) +(.+?) +p50 +([\d.]+) +p95 +([\d.]+) ms \(CPU +([\d.]+), +([\d.]+)\)  (.+?),")


def dashboard(build, quick, results):
    """What the dashboard waits for, of a ledger of 10 million requests. False: it could not be measured."""
    print("\nthe dashboard's questions about 10 million requests; bar 50 ms for p95, CPU beside it")
    program = os.path.join(build, "ledger_views_bench")
    if not os.path.exists(program):
        print("bench: no %s: left out" % program)
        return False
    results["dashboard"] = {}
    running = subprocess.Popen([program, "5" if quick else "40"], stdout=subprocess.PIPE, text=True)
    for line in running.stdout:
        print("  " + line.rstrip(), flush=True)
        seen = QUESTION.match(line)
        if seen:
            millis = dict(zip(("p50_ms", "p95_ms", "cpu_p50_ms", "cpu_p95_ms"), map(float, seen.group(3, 4, 5, 6))))
            results["dashboard"]["%s %s" % seen.group(1, 2)] = dict(millis, verdict=seen.group(7))
    return running.wait() == 0 and bool(results["dashboard"])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    p.add_argument("--build", default=os.path.join(root, "build", "release"))
    p.add_argument("--weir", help="the binary (default: weir in the build folder)")
    p.add_argument("--only", help="cases, comma-separated: " + ", ".join(CASES) + ", callgrind, dashboard")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=3.0)
    p.add_argument("--quick", action="store_true", help="one short round a case")
    p.add_argument("--no-callgrind", action="store_true")
    p.add_argument("--json", help="write all figures to this file")
    a = p.parse_args()
    a.rounds, a.seconds = (1, 1.0) if a.quick else (a.rounds, a.seconds)
    only = a.only.split(",") if a.only else list(CASES) + ["callgrind", "dashboard"]
    unknown = set(only) - set(CASES) - {"callgrind", "dashboard"}
    if unknown:
        p.error("no such case: " + ", ".join(sorted(unknown)))
    weir_binary = a.weir or os.path.join(a.build, "weir")
    results = {"cases": {}, "instructions": {}, "memory_mib": {}}
    failed = False
    if only != ["dashboard"]:
        failed = beside_others(a, only, weir_binary, results)
    if "dashboard" in only:
        failed = not dashboard(a.build, a.quick, results) or failed
    if a.json:
        with open(a.json, "w") as f:
            json.dump(results, f, indent=1)
    return 1 if failed else 0


def beside_others(a, only, weir_binary, results):
    """All cases and the instructions. True: an answer was wrong, or Weir could not be measured."""
    failed = False
    with Bench(a.build, weir_binary) as bench:
        if bench.gateway_cpu == bench.load_cpu:
            print("bench: only one CPU: gateway, load and provider share it")
        bench.start_provider()
        peers = {}
        for name in ("nginx", "haproxy"):
            started = bench.start_peer(name)
            if started:
                peers[name] = started
            else:
                print("bench: %s is not installed (apt-get install %s): left out" % (name, name))
        weir = None
        if os.path.exists(weir_binary):
            weir = {
                name: bench.start_weir(name.replace(", ", "-"), sample=SAMPLES.get(name))
                for name in WEIRS[::-1]
            }
        if weir is None:
            print("bench: no %s: only the peers are measured (make build)" % weir_binary)
            failed = True
        for name in [x for x in CASES if x in only]:
            figures = run_case(bench, CASES[name], peers, weir, a.rounds, a.seconds)
            print_case(name, CASES[name], figures, results)
            sys.stdout.flush()
            failed = failed or any(not rounds for rounds in figures.values())
        print("\nmemory, resident peak over all of the above, MiB   bar %d, aim %d" % (MEMORY_BAR_MIB, MEMORY_AIM_MIB))
        for label, peak in results["memory_mib"].items():
            word = verdict(peak, MEMORY_BAR_MIB, MEMORY_AIM_MIB) if label == FORWARDING else ""
            if label == CACHING and weir:
                of_file = mapped_file_mib(weir[CACHING][0].pid, ".mdb")
                word = "of which %.1f are the kernel's cache of the entries' file" % of_file
            print("  %-28s %9.1f %s" % (label, peak, word))
        if "callgrind" in only and not a.no_callgrind and weir:
            if shutil.which("valgrind"):
                for program, _ in weir.values():
                    program.stop()
                instructions(bench, results)
            else:
                print("bench: valgrind is not installed (apt-get install valgrind): instructions are left out")
    return failed


if __name__ == "__main__":
    sys.exit(main())

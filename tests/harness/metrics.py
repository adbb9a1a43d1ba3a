"""The text format of Prometheus: read strictly, and the naming rules that `promtool check metrics` goes by."""

import collections
import re
from decimal import Decimal

Sample = collections.namedtuple("Sample", "name labels value")
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LINE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)\Z")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|\Z)')
TYPES = ("counter", "gauge", "histogram", "summary")
# Units that have a base unit, which is to be used in their place, and abbreviations of units.
NOT_BASE = set(
    "milliseconds microseconds nanoseconds minutes hours days weeks kilobytes megabytes gigabytes kibibytes mebibytes "
    "gibibytes bits percent percents celsius fahrenheit".split()
)
ABBREVIATED = set("s ms us ns sec b kb mb gb tb pb m h d".split())


class Family:
    def __init__(self):
        self.type = self.help = None
        self.samples = []


def labels_of(text):
    labels, at = {}, 0
    while text and at < len(text):
        found = LABEL.match(text, at)
        assert found, "bad labels: %r" % text
        assert found[1] not in labels, "label %s twice" % found[1]
        labels[found[1]] = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), found[2])
        at = found.end()
    return labels


def family_of(name, families):
    if name in families:
        return name
    for ending in ("_bucket", "_sum", "_count"):
        base = name[: -len(ending)]
        if name.endswith(ending) and base in families and families[base].type == "histogram":
            return base
    raise AssertionError("%s has no TYPE before it" % name)


def parse(text):
    """name -> Family, in order; an AssertionError says what is wrong."""
    assert text.endswith("\n"), "the last line has no end"
    families, current = {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("# "):
            _, kind, name, rest = line.split(" ", 3)
            assert NAME.match(name) and kind in ("HELP", "TYPE"), line
            family = families.setdefault(name, Family())
            assert not family.samples, "%s: its lines do not stand together" % name
            if kind == "HELP":
                assert family.help is None and rest.strip(), line
                family.help = rest
            else:
                assert family.type is None and rest in TYPES, line
                family.type = rest
            current = name
            continue
        found = LINE.match(line)
        assert found, "bad line: %r" % line
        name = family_of(found[1], families)
        assert name == current, "%s: its lines do not stand together" % found[1]
        families[name].samples.append(Sample(found[1], labels_of(found[2]), Decimal(found[3].replace("+Inf", "Infinity"))))
    return families


def total(families, name, **labels):
    family = family_of(name, families)
    return sum(
        (
            sample.value
            for sample in families[family].samples
            if sample.name == name and all(sample.labels.get(k) == v for k, v in labels.items())
        ),
        Decimal(0),
    )


def names(families):
    """Every name that a query may use."""
    found = set()
    for name, family in families.items():
        found.add(name)
        if family.type == "histogram":
            found.update(name + ending for ending in ("_bucket", "_sum", "_count"))
    return found


def lint(families):
    """What promtool would complain of, and what it doesn't look at: [message]."""
    found = []
    for name, family in families.items():

        def complain(what):
            found.append("%s: %s" % (name, what))  # noqa: B023

        words = name.split("_")
        if family.help is None or family.type is None:
            complain("no HELP or no TYPE")
        if not re.match(r"weir(_[a-z0-9]+)+\Z", name):
            complain("no lower-case words behind weir_")
        if (family.type == "counter") != name.endswith("_total"):
            complain("counters, and they alone, end in _total")
        if family.type != "histogram" and re.search(r"_(bucket|count|sum|info_total)\Z", name):
            complain("an ending that is a histogram's")
        for word in words:
            if word in NOT_BASE or word in ABBREVIATED:
                complain("'%s' is no base unit spelled out" % word)
            if word in TYPES:
                complain("the type is in the name")
        seen = set()
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            if key in seen:
                complain("a sample stands there twice: %r" % (key,))
            seen.add(key)
            if family.type in ("counter", "histogram") and sample.value < 0:
                complain("a negative count")
        if family.type == "histogram":
            found.extend("%s: %s" % (name, what) for what in histogram_problems(family))
    return found


def histogram_problems(family):
    series = collections.defaultdict(dict)
    for sample in family.samples:
        rest = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
        kind = sample.name.rsplit("_", 1)[1]
        series[rest].setdefault(kind, []).append(sample)
    for rest, kinds in series.items():
        if set(kinds) != {"bucket", "sum", "count"}:
            yield "not all of buckets, sum and count: %r" % (rest,)
            continue
        bounds = [Decimal(s.labels["le"].replace("+Inf", "Infinity")) for s in kinds["bucket"]]
        counts = [s.value for s in kinds["bucket"]]
        if bounds != sorted(set(bounds)) or not bounds[-1].is_infinite():
            yield "bounds out of order: %r" % (bounds,)
        if counts != sorted(counts) or counts[-1] != kinds["count"][0].value:
            yield "counts that are not cumulative: %r" % (counts,)

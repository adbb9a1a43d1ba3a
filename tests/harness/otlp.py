"""Reads OTLP's requests in protobuf without protobuf: into documents as their JSON mapping would have them, numbers as
numbers and ids in hexadecimal. Knows the fields that Weir sends; any other is an error."""

import struct

REPEATED = "repeated"
# message -> number -> (name, what[, REPEATED]); what: one of READ, or another message
MESSAGES = {
    "traces": {1: ("resourceSpans", "ResourceSpans", REPEATED)},
    "metrics": {1: ("resourceMetrics", "ResourceMetrics", REPEATED)},
    "ResourceSpans": {1: ("resource", "Resource"), 2: ("scopeSpans", "ScopeSpans", REPEATED)},
    "ResourceMetrics": {1: ("resource", "Resource"), 2: ("scopeMetrics", "ScopeMetrics", REPEATED)},
    "Resource": {1: ("attributes", "KeyValue", REPEATED)},
    "ScopeSpans": {1: ("scope", "Scope"), 2: ("spans", "Span", REPEATED), 3: ("schemaUrl", "text")},
    "ScopeMetrics": {1: ("scope", "Scope"), 2: ("metrics", "Metric", REPEATED), 3: ("schemaUrl", "text")},
    "Scope": {1: ("name", "text"), 2: ("version", "text")},
    "KeyValue": {1: ("key", "text"), 2: ("value", "AnyValue")},
    "AnyValue": {1: ("stringValue", "text"), 2: ("boolValue", "flag"), 3: ("intValue", "whole"), 4: ("doubleValue", "real")},
    "Span": {
        1: ("traceId", "hex"), 2: ("spanId", "hex"), 4: ("parentSpanId", "hex"), 5: ("name", "text"), 6: ("kind", "whole"),
        7: ("startTimeUnixNano", "fixed64"), 8: ("endTimeUnixNano", "fixed64"), 9: ("attributes", "KeyValue", REPEATED),
        13: ("links", "Link", REPEATED), 15: ("status", "Status"), 16: ("flags", "fixed32"),
    },
    "Link": {1: ("traceId", "hex"), 2: ("spanId", "hex"), 6: ("flags", "fixed32")},
    "Status": {3: ("code", "whole")},
    "Metric": {1: ("name", "text"), 2: ("description", "text"), 3: ("unit", "text"), 7: ("sum", "Sum"), 9: ("histogram", "Histogram")},
    "Sum": {1: ("dataPoints", "NumberPoint", REPEATED), 2: ("aggregationTemporality", "whole"), 3: ("isMonotonic", "flag")},
    "Histogram": {1: ("dataPoints", "HistogramPoint", REPEATED), 2: ("aggregationTemporality", "whole")},
    "NumberPoint": {
        2: ("startTimeUnixNano", "fixed64"), 3: ("timeUnixNano", "fixed64"), 4: ("asDouble", "real"), 6: ("asInt", "fixed64"),
        7: ("attributes", "KeyValue", REPEATED),
    },
    "HistogramPoint": {
        2: ("startTimeUnixNano", "fixed64"), 3: ("timeUnixNano", "fixed64"), 4: ("count", "fixed64"), 5: ("sum", "real"),
        6: ("bucketCounts", "fixed64s"), 7: ("explicitBounds", "reals"), 9: ("attributes", "KeyValue", REPEATED),
    },
}  # fmt: skip
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
READ = {
    "text": (BYTES, lambda raw: raw.decode()),
    "hex": (BYTES, lambda raw: raw.hex()),
    "flag": (VARINT, bool),
    "whole": (VARINT, lambda value: value - (1 << 64) if value >> 63 else value),
    "fixed64": (FIXED64, lambda raw: struct.unpack("<Q", raw)[0]),
    "fixed32": (FIXED32, lambda raw: struct.unpack("<I", raw)[0]),
    "real": (FIXED64, lambda raw: struct.unpack("<d", raw)[0]),
    "fixed64s": (BYTES, lambda raw: list(struct.unpack("<%dQ" % (len(raw) // 8), raw))),
    "reals": (BYTES, lambda raw: list(struct.unpack("<%dd" % (len(raw) // 8), raw))),
}


def fields(raw):
    """(number, wire type, value or bytes) of a message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = raw[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(raw):
        tag = varint()
        kind = tag & 7
        if kind == VARINT:
            yield tag >> 3, kind, varint()
            continue
        size = {FIXED64: 8, FIXED32: 4}[kind] if kind != BYTES else varint()
        if at + size > len(raw):
            raise ValueError("a field of %d bytes where %d are left" % (size, len(raw) - at))
        yield tag >> 3, kind, raw[at : at + size]
        at += size


def decode(raw, message):
    """The document of a message in MESSAGES; "traces" and "metrics" are the requests."""
    found = {name: [] for name, _, *more in MESSAGES[message].values() if more}
    for number, kind, value in fields(raw):
        name, what, *more = MESSAGES[message][number]
        wire, read = READ.get(what, (BYTES, lambda inside, what=what: decode(inside, what)))
        if kind != wire:
            raise ValueError("%s.%s has wire type %d" % (message, name, kind))
        if more:
            found[name].append(read(value))
        elif name in found:
            raise ValueError("%s.%s comes twice" % (message, name))
        else:
            found[name] = read(value)
    return found


def rejected(count, why=""):
    """A collector's answer that some items were not taken."""
    partial = bytes([8, count]) + (bytes([18, len(why)]) + why.encode() if why else b"")
    return bytes([10, len(partial)]) + partial

"""A fake OTLP collector: keeps what is posted, answers as it is told, and has the official messages read all of it."""

import base64
import json
import os
import queue
import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import otlp, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
# Reads lines of {"signal", "body" in base64} with the messages of opentelemetry-proto, and tells what it saw.
READ = """
import base64, json, sys
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

def attributes(of):
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in of}

def span(s):
    return [s.trace_id.hex(), s.span_id.hex(), s.parent_span_id.hex(), s.flags, s.name, s.kind, s.start_time_unix_nano,
            s.end_time_unix_nano, s.status.code, attributes(s.attributes),
            [[l.trace_id.hex(), l.span_id.hex(), l.flags] for l in s.links]]

def metric(m):
    kind = m.WhichOneof("data")
    of = getattr(m, kind)
    assert of.aggregation_temporality == 2, m
    if kind == "sum":
        points = [[p.start_time_unix_nano, p.time_unix_nano, getattr(p, p.WhichOneof("value")), attributes(p.attributes)]
                  for p in of.data_points]
        return [m.name, m.unit, m.description, of.is_monotonic, points]
    return [m.name, m.unit, m.description,
            [[p.start_time_unix_nano, p.time_unix_nano, p.count, p.sum, list(p.bucket_counts), list(p.explicit_bounds),
              attributes(p.attributes)] for p in of.data_points]]

for line in sys.stdin:
    asked = json.loads(line)
    body = base64.b64decode(asked["body"])
    if asked["signal"] == "traces":
        message = ExportTraceServiceRequest.FromString(body)
        (resource,) = message.resource_spans
        (scope,) = resource.scope_spans
        items = [span(s) for s in scope.spans]
    else:
        message = ExportMetricsServiceRequest.FromString(body)
        (resource,) = message.resource_metrics
        (scope,) = resource.scope_metrics
        items = [metric(m) for m in scope.metrics]
    assert message.SerializeToString(deterministic=True)
    about = attributes(resource.resource.attributes)
    print(json.dumps([about, scope.scope.name, scope.scope.version, scope.schema_url, items]))
"""


def as_read(document):
    """What READ would say of a document that harness.otlp made."""
    (resource,) = next(v for k, v in document.items() if k.startswith("resource"))
    scopes, items = ("scopeSpans", "spans") if "scopeSpans" in resource else ("scopeMetrics", "metrics")
    (scope,) = resource[scopes]

    def span(s):
        links = [[link["traceId"], link["spanId"], link["flags"]] for link in s["links"]]
        return [
            s["traceId"], s["spanId"], s.get("parentSpanId", ""), s["flags"], s["name"], s["kind"], s["startTimeUnixNano"],
            s["endTimeUnixNano"], s.get("status", {}).get("code", 0), plain(s["attributes"]), links,
        ]  # fmt: skip

    def metric(m):
        head = [m["name"], m["unit"], m["description"]]
        if "sum" in m:
            points = [
                [p["startTimeUnixNano"], p["timeUnixNano"], p.get("asInt", p.get("asDouble")), plain(p["attributes"])]
                for p in m["sum"]["dataPoints"]
            ]
            return head + [m["sum"].get("isMonotonic", False), points]
        names = ("startTimeUnixNano", "timeUnixNano", "count", "sum", "bucketCounts", "explicitBounds")
        return head + [[[p[n] for n in names] + [plain(p["attributes"])] for p in m["histogram"]["dataPoints"]]]

    read = [(span if items == "spans" else metric)(item) for item in scope[items]]
    about = plain(resource["resource"]["attributes"])
    return [about, scope["scope"]["name"], scope["scope"]["version"], scope["schemaUrl"], read]


class Collector:
    """answers: (status, headers, body) for the next posts, then 200. gate: posts wait for it."""

    def __init__(self):
        self.posts = []  # (path, headers, body)
        self.answers = queue.Queue()
        self.gate = threading.Event()
        self.gate.set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                collector.posts.append((self.path, dict(self.headers), body))
                collector.gate.wait(60)
                try:
                    status, headers, answer = collector.answers.get_nowait()
                except queue.Empty:
                    status, headers, answer = 200, {}, b""
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.endpoint = "http://127.0.0.1:%d" % self.port

    def start(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()

    def of(self, signal):
        return [otlp.decode(body, signal) for path, _, body in list(self.posts) if path.endswith("/v1/" + signal)]

    def spans(self):
        """Every span, its attributes as a plain document under "attributes"."""
        found = []
        for document in self.of("traces"):
            for resource in document["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        found.append(dict(span, attributes=plain(span["attributes"])))
        return found

    def wait_spans(self, count, seconds=10):
        wait_for(lambda: len(self.spans()) >= count, seconds, "%d spans" % count)
        return self.spans()

    def metrics(self):
        """The last report: name -> metric."""
        last = self.of("metrics")[-1]
        return {m["name"]: m for m in last["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]}

    def check(self):
        """The official messages read everything that came, and see the same. Skips where they can't be had."""
        found = subprocess.run(
            [os.path.join(HERE, "..", "conformance", "clients.sh"), "otlp"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if found.returncode == 77 and os.environ.get("CI") != "true":
            raise unittest.SkipTest(found.stderr.strip().splitlines()[-1])
        assert found.returncode == 0, found.stderr
        posts = [(path.rsplit("/", 1)[1], body) for path, _, body in list(self.posts)]
        lines = "".join(json.dumps({"signal": s, "body": base64.b64encode(body).decode()}) + "\n" for s, body in posts)
        read = subprocess.run(
            [found.stdout.strip(), "-c", READ], input=lines, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert read.returncode == 0, read.stderr[-3000:]
        for line, (signal, body) in zip(read.stdout.splitlines(), posts, strict=True):
            ours = json.loads(json.dumps(as_read(otlp.decode(body, signal))))
            assert json.loads(line) == ours, (line, ours)


def plain(attributes):
    values = {}
    for one in attributes:
        (value,) = one["value"].values()
        values[one["key"]] = value
    return values

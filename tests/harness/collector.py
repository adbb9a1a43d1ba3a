"""A fake OTLP collector: keeps what is posted, answers as it is told, and has an official schema read all of it."""

import json
import os
import queue
import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
# Reads lines of {"signal", "body"} with the messages of opentelemetry-proto; unknown members are errors.
CHECK = """
import json, sys
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
import base64, re
IDS = re.compile(r'"(traceId|spanId|parentSpanId)":"([0-9a-f]*)"')
def in_base64(found):  # OTLP's one difference from protobuf's own mapping
    return '"%s":"%s"' % (found[1], base64.b64encode(bytes.fromhex(found[2])).decode())
for line in sys.stdin:
    asked = json.loads(line)
    kind = {"traces": ExportTraceServiceRequest, "metrics": ExportMetricsServiceRequest}[asked["signal"]]
    message = json_format.Parse(IDS.sub(in_base64, asked["body"]), kind())
    again = kind.FromString(message.SerializeToString())
    assert again == message
print("ok")
"""


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
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                collector.posts.append((self.path, dict(self.headers), body))
                collector.gate.wait(60)
                try:
                    status, headers, answer = collector.answers.get_nowait()
                except queue.Empty:
                    status, headers, answer = 200, {}, "{}"
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer.encode())
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
        return [json.loads(body) for path, _, body in list(self.posts) if path.endswith("/v1/" + signal)]

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
        """An official schema reads everything that came. Skips where that can't be had."""
        found = subprocess.run(
            [os.path.join(HERE, "..", "conformance", "clients.sh"), "otlp"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if found.returncode == 77 and os.environ.get("CI") != "true":
            raise unittest.SkipTest(found.stderr.strip().splitlines()[-1])
        assert found.returncode == 0, found.stderr
        lines = "".join(
            json.dumps({"signal": path.rsplit("/", 1)[1], "body": body}) + "\n" for path, _, body in list(self.posts)
        )
        read = subprocess.run(
            [found.stdout.strip(), "-c", CHECK], input=lines, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert read.stdout == "ok\n", read.stderr[-3000:]


def plain(attributes):
    values = {}
    for one in attributes:
        ((kind, value),) = one["value"].items()
        values[one["key"]] = int(value) if kind == "intValue" else value
    return values

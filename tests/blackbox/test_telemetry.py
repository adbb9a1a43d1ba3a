"""Metrics, traces and the access log as those who read them see it: promtool's rules, OpenTelemetry's schema, logrotate."""

import json
import os
import re
import signal
import socket
import unittest

from harness import client, metrics, otlp, upstream, wait_for
from harness.case import GatewayCase
from harness.collector import Collector
from harness.gateway import PATIENCE, SMALL_TIER, Gateway, check, nanos, simple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = "00-%s-%s-01" % (TRACE, PARENT)
NOT_SAMPLED = "00-%s-%s-00" % (TRACE, PARENT)
MALFORMED = (
    "00-%s-%s-01-more" % (TRACE, PARENT),
    "ff-%s-%s-01" % (TRACE, PARENT),
    "00-%s-%s-01" % ("0" * 32, PARENT),
    "00-%s-%s-01" % (TRACE, "0" * 16),
    SAMPLED.upper(),
    SAMPLED[:-1],
    "x" * 300,
)
SECRET = "a most secret prompt 7261"


def ask(weir, **members):
    return weir.chat(messages=[{"role": "user", "content": SECRET}], **members)


class Metrics(GatewayCase):
    @classmethod
    def config(cls):
        budgets = [{"name": "all", "limit_usd": 1000, "window": "day"}]
        tiers = ["exact", "semantic", SMALL_TIER]
        return simple(cls.up, mode="serve", tiers=tiers, telemetry={"label_sets": 4}, budgets=budgets)

    def setUp(self):
        super().setUp()
        self.up.by_model = {
            "small": upstream.Model("Small.", logprob=-0.5, tokens=(333, 11, 7), price=(0.15, 0.075, 0.6)),
            "gpt-4o": upstream.Model("Large.", tokens=(777, 123, 9), price=(2.5, 1.25, 10)),
        }

    def test_rules(self):
        ask(self.weir)
        ask(self.weir, stream=True)
        families = self.weir.metrics()
        self.assertEqual(metrics.lint(families), [])
        self.assertEqual(metrics.total(families, "weir_build_info"), 1)
        self.assertGreater(metrics.total(families, "weir_resident_memory_bytes"), 1 << 20)
        self.assertGreater(metrics.total(families, "weir_ledger_bytes"), 0)

    def test_the_lint_finds_what_is_wrong(self):
        for text, part in (
            ("# HELP weir_a h\n# TYPE weir_a counter\nweir_a 1\n", "_total"),
            ("# HELP weir_a_total h\n# TYPE weir_a_total gauge\nweir_a_total 1\n", "_total"),
            ("# HELP weir_a_ms h\n# TYPE weir_a_ms gauge\nweir_a_ms 1\n", "base unit"),
            ("# HELP weir_a_count h\n# TYPE weir_a_count gauge\nweir_a_count 1\n", "ending"),
            ('# HELP weir_a h\n# TYPE weir_a gauge\nweir_a{b="1"} 1\nweir_a{b="1"} 2\n', "twice"),
            ('# HELP weir_h h\n# TYPE weir_h histogram\nweir_h_bucket{le="1"} 1\nweir_h_sum 1\nweir_h_count 1\n', "bounds"),
        ):
            with self.subTest(text=text):
                self.assertIn(part, " ".join(metrics.lint(metrics.parse(text))))

    def test_every_name_that_dashboard_and_alerts_use_is_there(self):
        ask(self.weir)
        known = metrics.names(self.weir.metrics())
        for name in ("config/grafana-dashboard.json", "config/prometheus-alerts.yaml"):
            with open(os.path.join(ROOT, name)) as f:
                text = f.read()
            used = set(re.findall(r"\bweir_[a-z0-9_]+", text))
            self.assertGreater(len(used), 5)
            self.assertEqual(used - known - LEARNED, set(), name)
        with open(os.path.join(ROOT, "config/grafana-dashboard.json")) as f:
            dashboard = json.load(f)
        ids = [panel["id"] for panel in dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_alerts_on_budgets(self):
        with open(os.path.join(ROOT, "config/prometheus-alerts.yaml")) as f:
            rules = dict(re.findall(r"- alert: (\w+)\n +expr: (.*)", f.read()))
        budget = {"name": "tight", "of": {"each": "tenant"}, "limit_usd": 0.01, "window": "day"}
        weir = Gateway(simple(self.up, budgets=[budget]))
        self.addCleanup(weir.__exit__)
        weir.start()

        def fires(alert):
            """The rule's expression on the one budget there is."""
            families = weir.metrics()
            expression = re.sub(r"increase\((\w+)\[5m\]\)", r"\1", rules[alert])  # since the start
            expression = re.sub(r"sum by \([^)]*\)", "", expression)
            value = lambda name: str(metrics.total(families, name[0], budget="tight"))  # noqa: E731
            return eval(re.sub(r"weir_\w+", value, expression))

        self.assertEqual(weir.chat().status, 200)
        for alert in ("WeirBudgetNear", "WeirBudgetSpent", "WeirBudgetRefuses"):
            self.assertFalse(fires(alert), alert)
        for _ in range(50):
            reply = weir.chat()
            if reply.status != 200:
                break
        self.assertEqual(reply.status, 429, reply)
        for alert in ("WeirBudgetNear", "WeirBudgetSpent", "WeirBudgetRefuses"):
            wait_for(lambda alert=alert: fires(alert), 10 * PATIENCE, alert)

    def test_dollars_and_tokens_by_labels(self):
        before = self.weir.metrics()
        reply = ask(self.weir, temperature=0.25, model="gpt-4o")
        row = self.weir.row(reply)
        after = self.weir.metrics()

        def grown(name, **labels):
            return metrics.total(after, name, **labels) - metrics.total(before, name, **labels)

        self.assertEqual(grown("weir_requests_total", tier="reference"), 1)
        self.assertEqual(nanos(grown("weir_cost_usd_total")), nanos(row["cost_usd"]))
        self.assertEqual(nanos(grown("weir_cost_usd_total", tier="reference")), nanos(row["attempts"][-1]["cost_usd"]))
        self.assertEqual(grown("weir_tokens_total", **{"class": "cached_input", "tier": "reference"}), 123)
        self.assertEqual(grown("weir_tokens_total", **{"class": "output", "tier": "reference"}), 9)
        self.assertEqual(grown("weir_request_duration_seconds_count"), 1)

    def test_beyond_the_limit_it_is_others(self):
        before = self.weir.metric("requests_total")
        for i in range(8):
            reply = self.weir.chat(headers=[("x-weir-task", "task %d" % i), ("x-weir-mode", "off")])
        self.weir.row(reply)
        families = self.weir.metrics()
        tasks = {s.labels["task"] for s in families["weir_requests_total"].samples}
        self.assertIn("other", tasks)
        sets = {tuple(sorted(s.labels.items())) for s in families["weir_requests_total"].samples if s.labels["task"] != "other"}
        self.assertLessEqual(len(sets), 4)
        self.assertEqual(metrics.total(families, "weir_requests_total") - before, 8)


# There only once a cascade has learned something, or a judge was asked.
LEARNED = {
    "weir_cascade_serving", "weir_cascade_tasks", "weir_cascade_worse_at_most", "weir_cascade_worse_allowed",
    "weir_cascade_alarms_total", "weir_cascade_audited_answers", "weir_cascade_audited_worse", "weir_cascade_blind",
    "weir_cascade_proof_usd_last_day", "weir_cascade_proof_cap_usd", "weir_judge_cost_usd_total",
}  # fmt: skip


class Traced(unittest.TestCase):
    """A collector, a provider and a gateway that tells the one of the other."""

    otlp = {}
    more = {}

    def setUp(self):
        self.up = upstream.Upstream().start()
        self.addCleanup(self.up.stop)
        self.up.by_model = {
            "small": upstream.Model("Small.", logprob=-0.5, tokens=(333, 11, 7), price=(0.15, 0.075, 0.6)),
            "gpt-4o": upstream.Model("Large.", tokens=(777, 123, 9), price=(2.5, 1.25, 10)),
        }
        self.collector = Collector().start()
        self.addCleanup(self.collector.stop)

    def gateway(self, **otlp):
        settings = dict({"endpoint": self.collector.endpoint, "interval": "1s", "sample": "100%"}, **otlp)
        config = simple(self.up, mode="serve", tiers=["exact", SMALL_TIER], telemetry={"otlp": settings})
        weir = Gateway(config)
        self.addCleanup(weir.__exit__)
        return weir.start()

    def dropped(self, weir, signal_name):
        return weir.metric("telemetry_dropped_total", signal=signal_name)


class Traces(Traced):
    def test_spans_of_a_request(self):
        weir = self.gateway(headers={"x-collector-key": "k-1"})
        reply = weir.chat(messages=[{"role": "user", "content": SECRET}], headers=[("traceparent", SAMPLED), ("tracestate", "a=b")])
        row = weir.row(reply)
        spans = self.collector.wait_spans(4, 10 * PATIENCE)
        by_kind = {}
        for span in spans:
            by_kind.setdefault(span["kind"], []).append(span)
        (server,) = by_kind[2]
        cheap, large = by_kind[3]
        self.assertEqual((server["traceId"], server["parentSpanId"], server["name"]), (TRACE, PARENT, "chat gpt-4o"))
        self.assertEqual({s["traceId"] for s in spans}, {TRACE})
        self.assertEqual({s["parentSpanId"] for s in spans if s is not server}, {server["spanId"]})
        self.assertEqual(len({s["spanId"] for s in spans}), 4)
        told = server["attributes"]
        self.assertEqual(told["gen_ai.operation.name"], "chat")
        self.assertEqual(told["gen_ai.provider.name"], "fake")
        self.assertEqual((told["gen_ai.request.model"], told["gen_ai.response.model"]), ("gpt-4o", "gpt-4o"))
        self.assertEqual(told["gen_ai.usage.input_tokens"], 777)
        self.assertEqual(told["gen_ai.usage.cache_read.input_tokens"], 123)
        self.assertEqual(told["gen_ai.usage.output_tokens"], 9)
        self.assertEqual(told["http.response.status_code"], 200)
        self.assertEqual((told["weir.tier"], told["weir.cascade"]), ("reference", "default"))
        self.assertEqual(told["weir.request.id"], reply.header("x-weir-request-id"))
        self.assertEqual(nanos(told["weir.cost_usd"]), nanos(row["cost_usd"]))
        self.assertEqual(nanos(told["weir.saved_usd"]), nanos(row["saved_usd"]))
        self.assertEqual((cheap["name"], cheap["attributes"]["weir.outcome"]), ("chat small", "declined"))
        self.assertEqual(large["attributes"]["gen_ai.usage.input_tokens"], 777)
        for span in spans:
            self.assertLessEqual(span["startTimeUnixNano"], span["endTimeUnixNano"])
        # The providers were told of the calls' own spans; whatever else the caller said of the trace went on.
        (asked,) = (r for r in self.up.requests if r.model == "small")
        self.assertEqual(asked.header("traceparent"), "00-%s-%s-01" % (TRACE, cheap["spanId"]))
        asked = next(r for r in self.up.requests if r.model == "gpt-4o")
        self.assertEqual(asked.header("traceparent"), "00-%s-%s-01" % (TRACE, large["spanId"]))
        self.assertEqual(asked.header("tracestate"), "a=b")
        self.assertEqual(len([1 for name, _ in asked.headers if name.lower() == "traceparent"]), 1)
        path, headers, body = self.collector.posts[0]
        self.assertEqual(headers["x-collector-key"], "k-1")
        self.assertEqual(headers["content-type"], "application/x-protobuf")
        self.assertNotIn(b"secret", body)
        self.assertNotIn(b"Large.", body)
        wait_for(lambda: self.collector.of("metrics"), 10 * PATIENCE, "metrics")
        self.collector.check()

    def test_a_failure_is_an_error(self):
        weir = self.gateway()
        self.up.by_model["gpt-4o"] = upstream.error(500, "boom")
        reply = weir.chat(headers=[("x-weir-mode", "off")])
        self.assertEqual(reply.status, 500)
        server, call = self.collector.wait_spans(2, 10 * PATIENCE)
        for span in (server, call):
            self.assertEqual(span["status"]["code"], 2)
            self.assertEqual(span["attributes"]["error.type"], "500")
        self.assertNotIn("parentSpanId", server)
        self.collector.check()

    def test_what_weir_asks_on_its_own_account_is_linked_to_the_request(self):
        """Trials in shadow, and what a judge says of them."""
        settings = {"endpoint": self.collector.endpoint, "interval": "1s", "sample": "0%"}
        config = simple(self.up, mode="shadow", tiers=["fake/small"], telemetry={"otlp": settings})
        config["models"]["fake/judge"] = {"price": {"input": "0.15", "output": "0.6"}}
        config["cascades"]["default"].update(promise={"disagreement": "10%"}, agreement={"judge": "fake/judge"})
        self.up.by_model = {
            "small": upstream.Model("You could practise every day."),
            "gpt-4o": upstream.Model("Begin with a few open chords, slowly."),
            "judge": upstream.Model("same"),
        }
        weir = Gateway(config)
        self.addCleanup(weir.__exit__)
        weir.start()
        weir.chat()  # not recorded: nothing of it is
        reply = weir.chat(messages=[{"role": "user", "content": SECRET}], headers=[("traceparent", SAMPLED)])
        own = lambda spans: [s for s in spans if "weir.purpose" in s["attributes"]]  # noqa: E731
        wanted = {"trial", "judge"}
        seen = lambda: {s["attributes"]["weir.purpose"] for s in own(self.collector.spans())}  # noqa: E731
        wait_for(lambda: seen() == wanted, 10 * PATIENCE, "spans of a trial and a judge")
        spans = self.collector.spans()
        (server,) = [s for s in spans if s["kind"] == 2]
        self.assertEqual(server["attributes"]["weir.request.id"], reply.header("x-weir-request-id"))
        (trial,) = [s for s in own(spans) if s["attributes"]["weir.purpose"] == "trial"]
        self.assertEqual((trial["name"], trial["kind"]), ("chat small", 3))
        for span in own(spans):
            self.assertNotIn("parentSpanId", span)
            self.assertNotEqual(span["traceId"], TRACE)
            (link,) = span["links"]
            self.assertEqual((link["traceId"], link["spanId"]), (TRACE, server["spanId"]))
            row = weir.row(span["attributes"]["weir.request.id"])
            self.assertEqual(row["purpose"], span["attributes"]["weir.purpose"])
            self.assertEqual(nanos(span["attributes"]["weir.cost_usd"]), nanos(row["cost_usd"]))
        told = {r.header("traceparent") for r in self.up.requests if r.model in ("small", "judge")}
        self.assertEqual(told - {None}, {"00-%s-%s-01" % (s["traceId"], s["spanId"]) for s in own(spans)})
        self.collector.check()

    def test_streams_and_other_apis(self):
        weir = self.gateway()
        weir.chat(stream=True, headers=[("x-weir-mode", "off")])
        self.collector.wait_spans(2, 10 * PATIENCE)
        self.up.by_model["gpt-4o"] = upstream.body({"results": []})
        weir.ask("POST", "/v1/moderations", {"model": "fake/gpt-4o", "input": "x"})
        spans = self.collector.wait_spans(4, 10 * PATIENCE)
        names = [s["attributes"]["gen_ai.operation.name"] for s in spans]
        self.assertEqual(names, ["chat", "chat", "passed_through", "passed_through"])
        self.assertIn("weir.first_token_us", spans[0]["attributes"])
        self.collector.check()

    def test_inference_that_is_no_chat(self):
        settings = {"endpoint": self.collector.endpoint, "sample": "0%"}
        config = simple(self.up, telemetry={"otlp": settings})
        reference = {"url": self.up.base_url + "/rank", "price": {"per_call": "0.001"}}
        config["inference"] = {"ranks": {"path": "/rank", "reference": reference, "mode": "serve"}}
        weir = Gateway(config)
        self.addCleanup(weir.__exit__)
        weir.start()
        self.up.answer = upstream.body({"best": 1})
        self.assertEqual(weir.ask("POST", "/rank", {"x": 1}, [("traceparent", SAMPLED)]).status, 200)
        spans = self.collector.wait_spans(2, 10 * PATIENCE)
        self.assertEqual({s["attributes"].get("gen_ai.operation.name", "passed_through") for s in spans}, {"passed_through"})
        call = spans[-1]
        asked = [value for name, value in self.up.requests[-1].headers if name.lower() == "traceparent"]
        self.assertEqual(asked, ["00-%s-%s-01" % (TRACE, call["spanId"])])
        self.collector.check()

    def test_what_is_no_traceparent_begins_a_trace(self):
        weir = self.gateway()
        for value in MALFORMED:
            with self.subTest(value=value):
                self.up.forget()
                weir.chat(headers=[("traceparent", value), ("tracestate", "a=b"), ("x-weir-mode", "off")])
                (asked,) = self.up.requests
                self.assertRegex(asked.header("traceparent"), r"\A00-[0-9a-f]{32}-[0-9a-f]{16}-01\Z")
                self.assertNotIn(TRACE, asked.header("traceparent"))
                self.assertIsNone(asked.header("tracestate"))

    def test_the_callers_decision_holds(self):
        weir = self.gateway()
        weir.chat(headers=[("traceparent", NOT_SAMPLED), ("x-weir-mode", "off")])
        self.assertEqual(self.up.requests[-1].header("traceparent"), NOT_SAMPLED)
        weir.chat(headers=[("traceparent", SAMPLED), ("x-weir-mode", "off")])
        self.collector.wait_spans(2, 10 * PATIENCE)
        weir.stop()
        self.assertEqual(len(self.collector.spans()), 2)

    def test_sample(self):
        weir = self.gateway(sample="0%")
        weir.chat(headers=[("x-weir-mode", "off")])
        self.assertIsNone(self.up.requests[-1].header("traceparent"))
        weir.stop()
        self.assertEqual(self.collector.spans(), [])

    def test_the_end_flushes(self):
        weir = self.gateway(interval="1h")
        for _ in range(20):
            weir.chat(headers=[("x-weir-mode", "off")])
        weir.stop()
        self.assertEqual(len(self.collector.spans()), 40)
        usage = self.collector.metrics()["gen_ai.client.token.usage"]["histogram"]["dataPoints"]
        by_type = {plain_text(p, "gen_ai.token.type"): p for p in usage}
        self.assertEqual((by_type["input"]["count"], by_type["input"]["sum"]), (20, 20 * 777))
        self.assertEqual((by_type["output"]["count"], by_type["output"]["sum"]), (20, 20 * 9))
        duration = self.collector.metrics()["gen_ai.server.request.duration"]["histogram"]["dataPoints"][0]
        self.assertEqual(duration["count"], 20)
        self.assertEqual(sum(duration["bucketCounts"]), 20)
        self.assertEqual(len(duration["bucketCounts"]), len(duration["explicitBounds"]) + 1)
        self.collector.check()


def plain_text(point, key):
    return next(a["value"]["stringValue"] for a in point["attributes"] if a["key"] == key)


class Trouble(Traced):
    def test_429_is_tried_again(self):
        weir = self.gateway(metrics=False)
        self.collector.answers.put((429, {"retry-after": "0"}, b""))
        self.collector.answers.put((503, {}, b""))
        weir.chat(headers=[("x-weir-mode", "off")])
        wait_for(lambda: weir.metric("telemetry_sent_total", signal="traces") == 2, 15 * PATIENCE, "spans taken")
        self.assertEqual(len(self.collector.posts), 3)
        self.assertEqual(len({body for _, _, body in self.collector.posts}), 1)
        self.assertEqual(self.dropped(weir, "traces"), 0)

    def test_400_is_not(self):
        weir = self.gateway(metrics=False)
        self.collector.answers.put((400, {}, b""))
        weir.chat(headers=[("x-weir-mode", "off")])
        wait_for(lambda: self.dropped(weir, "traces") == 2, 10 * PATIENCE, "the loss to be counted")
        self.assertEqual(len(self.collector.posts), 1)

    def test_what_is_rejected_in_part_is_counted(self):
        weir = self.gateway(metrics=False)
        self.collector.answers.put((200, {}, otlp.rejected(1, "x")))
        weir.chat(headers=[("x-weir-mode", "off")])
        wait_for(lambda: self.dropped(weir, "traces") == 1, 10 * PATIENCE, "the loss to be counted")

    def test_one_that_is_down_harms_nothing(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            weir = self.gateway(endpoint="http://127.0.0.1:%d" % taken.getsockname()[1])
            for _ in range(10):
                self.assertEqual(weir.chat(headers=[("x-weir-mode", "off")]).status, 200)
            self.assertEqual(weir.stop(), 0)
        self.assertIn("telemetry: what the collector does not take is lost", weir.log)

    def test_one_that_never_answers_harms_nothing(self):
        weir = self.gateway(metrics=False)
        self.collector.gate.clear()
        for _ in range(10):
            self.assertEqual(weir.chat(headers=[("x-weir-mode", "off")]).status, 200)
        wait_for(lambda: self.collector.posts, 10 * PATIENCE, "a post")
        self.assertEqual(weir.stop(), 0)


class Untraced(Traced):
    def test_the_callers_lines_go_on_as_they_are(self):
        weir = Gateway(simple(self.up))
        self.addCleanup(weir.__exit__)
        weir.start()
        for value in (SAMPLED, NOT_SAMPLED) + MALFORMED:
            weir.chat(headers=[("traceparent", value), ("tracestate", "a=b")])
            self.assertEqual(self.up.requests[-1].header("traceparent"), value)
            self.assertEqual(self.up.requests[-1].header("tracestate"), "a=b")
        weir.chat()
        self.assertIsNone(self.up.requests[-1].header("traceparent"))


class AccessLog(Traced):
    def start(self, file, **more):
        weir = Gateway(simple(self.up, mode="serve", tiers=["exact"], access_log=dict({"file": file}, **more)))
        self.addCleanup(weir.__exit__)
        return weir.start()

    def lines(self, path):
        if not os.path.exists(path):
            return []
        with open(path) as f:
            return [json.loads(line) for line in f]

    def test_a_line_a_request(self):
        weir = self.start("access.log", format="json")
        path = os.path.join(weir.folder, "access.log")
        first = weir.chat(messages=[{"role": "user", "content": SECRET}], headers=[("traceparent", SAMPLED)])
        weir.chat(messages=[{"role": "user", "content": SECRET}])
        weir.ask("POST", "/v1/chat/completions", b"no JSON")
        wait_for(lambda: len(self.lines(path)) == 3, 10 * PATIENCE, "three lines")
        asked, hit, refused = self.lines(path)
        row = weir.row(first)
        self.assertEqual(asked["id"], first.header("x-weir-request-id"))
        self.assertEqual((asked["trace_id"], hit["trace_id"]), (TRACE, None))
        self.assertEqual((asked["tier"], hit["tier"], refused["tier"]), ("reference", "exact", None))
        self.assertEqual((asked["model"], asked["reference"]), ("fake/gpt-4o", "fake/gpt-4o"))
        self.assertEqual((asked["status"], refused["status"]), (200, 400))
        self.assertEqual((asked["input_tokens"], asked["cached_input_tokens"], asked["output_tokens"]), (654, 123, 9))
        self.assertEqual(nanos(asked["cost_usd"]), nanos(row["cost_usd"]))
        self.assertEqual(hit["cost_usd"], 0)
        self.assertGreater(hit["saved_usd"], 0)
        self.assertRegex(asked["time"], r"\A20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")
        self.assertEqual(asked["latency_us"], row["latency_us"])
        with open(path) as f:
            self.assertNotIn("secret", f.read())
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o640)

    def test_rotation(self):
        weir = self.start("access.log")
        path = os.path.join(weir.folder, "access.log")
        weir.chat()
        wait_for(lambda: len(self.lines(path)) == 1, 10 * PATIENCE, "a line")
        os.rename(path, path + ".1")
        weir.signal(signal.SIGHUP)
        wait_for(lambda: os.path.exists(path), 10 * PATIENCE, "the new file")
        weir.chat(messages=[{"role": "user", "content": "another one"}])
        wait_for(lambda: len(self.lines(path)) == 1, 10 * PATIENCE, "a line in the new file")
        self.assertEqual(len(self.lines(path + ".1")), 1)

    def test_standard_output(self):
        weir = self.start("-")
        weir.chat()
        weir.wait_line(r'^\{"time":".*"status":200')

    def test_the_end_writes_what_is_there(self):
        weir = self.start("access.log")
        path = os.path.join(weir.folder, "access.log")
        with client.Connection(weir.port) as connection:
            for i in range(50):
                connection.request("POST", "/v1/chat/completions", {"model": "gpt-4o", "messages": [{"role": "user", "content": str(i)}]})
                connection.read_reply()
        weir.stop()
        self.assertEqual(len(self.lines(path)), 50)

    def test_a_folder_that_is_not_there(self):
        weir = Gateway(simple(self.up, access_log={"file": "nowhere/access.log"}), ready=False)
        self.addCleanup(weir.__exit__)
        weir.start()
        weir.wait_line("access_log: can't open nowhere/access.log")
        self.assertEqual(weir.wait_exit(), 1)


class Config(unittest.TestCase):
    def test_what_is_wrong_is_said(self):
        base = "listen: 127.0.0.1:0\nproviders: { p: { api: openai, base_url: http://127.0.0.1:1/v1 } }\n"
        for text, part in (
            ("telemetry: { otlp: {} }", "endpoint"),
            ("telemetry: { otlp: { endpoint: nowhere } }", "endpoint"),
            ("telemetry: { otlp: { endpoint: http://h:1/v1/traces } }", "base address"),
            ("telemetry: { otlp: { endpoint: http://h:1, sample: 2 } }", "sample"),
            ("telemetry: { otlp: { endpoint: http://h:1, interval: 10ms } }", "interval"),
            ("telemetry: { otlp: { endpoint: http://h:1, protocol: grpc } }", "unknown key"),
            ("telemetry: { labels: 3 }", "unknown key"),
            ("access_log: { format: json }", "file"),
            ("access_log: { file: a, format: text }", "format"),
        ):
            with self.subTest(text=text):
                code, out = check(base + text + "\n")
                self.assertEqual(code, 2, out)
                self.assertIn(part, out)
                self.assertIn(":3: ", out)


if __name__ == "__main__":
    unittest.main()

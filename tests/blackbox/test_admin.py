"""Models, health, metrics, a request's row, and a ledger whose totals equal the provider's own count."""

import json
import os
import re
import unittest

from harness import client, upstream
from harness.case import GatewayCase
from harness.gateway import SMALL_TIER, nanos, simple


class Admin(GatewayCase):
    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact", SMALL_TIER])

    def setUp(self):
        super().setUp()
        self.small = upstream.Model("Small.", logprob=-0.5, tokens=(333, 11, 7), price=(0.15, 0.075, 0.6))
        self.large = upstream.Model("Large.", tokens=(777, 123, 9), price=(2.5, 1.25, 10))
        self.up.by_model = {"small": self.small, "gpt-4o": self.large}

    def test_models(self):
        reply = self.weir.ask("GET", "/v1/models")
        self.assertEqual(reply.status, 200)
        document = reply.json()
        self.assertEqual(document["object"], "list")
        ids = {entry["id"] for entry in document["data"]}
        self.assertLessEqual({"gpt-4o", "fake/small"}, ids)
        for entry in document["data"]:
            self.assertEqual(entry["object"], "model")
            self.assertEqual({"id", "object", "created", "owned_by"} - set(entry), set())
        one = self.weir.ask("GET", "/v1/models/gpt-4o")
        self.assertEqual((one.status, one.json()["id"]), (200, "gpt-4o"))
        self.assert_error(self.weir.ask("GET", "/v1/models/nothing"), 404, "nothing")
        self.assertEqual(self.up.requests, [])

    def test_health(self):
        self.assertEqual(self.weir.admin("/health/live").status, 200)
        self.assertEqual(self.weir.admin("/health/ready").status, 200)
        self.assertEqual(self.weir.admin("/nothing").status, 404)

    def test_metrics(self):
        self.weir.chat()
        reply = self.weir.admin("/metrics")
        self.assertEqual(reply.status, 200)
        self.assertIn("text/plain", reply.header("content-type"))
        text = reply.body.decode()
        self.assertRegex(text, r"(?m)^weir_\w+")
        for line in text.splitlines():
            self.assertRegex(line, r"^(#.*|[a-zA-Z_:][\w:]*(\{.*\})? \S+)$")
        typed = re.findall(r"(?m)^# TYPE (\S+) ", text)
        self.assertEqual(len(typed), len(set(typed)))

    def test_a_requests_row(self):
        reply = self.weir.chat()
        row = self.weir.row(reply)
        self.assertEqual((row["tier"], row["status"], row["estimated"]), ("reference", 200, False))
        self.assertEqual(nanos(row["cost_usd"]), self.small.nanos + self.large.nanos)
        attempts = row["attempts"]
        self.assertEqual(attempts[0]["tier"], "exact")
        self.assertEqual(
            [(a["tier"], a["model"], a["outcome"]) for a in attempts[1:]],
            [("model", "fake/small", "declined"), ("reference", "fake/gpt-4o", "served")],
        )
        self.assertEqual(
            sum(nanos(a["cost_usd"]) for a in attempts if a["cost_usd"] is not None), nanos(row["cost_usd"])
        )
        large = attempts[2]
        self.assertEqual(
            (large["input_uncached_tokens"], large["input_cached_tokens"], large["output_tokens"]), (654, 123, 9)
        )
        self.assertAlmostEqual(float(attempts[1]["mean_logprob"]), -0.5, 5)

    def test_unknown_rows(self):
        self.assertEqual(self.weir.admin("/api/requests/0000000000000001").status, 404)
        self.assertIn(self.weir.admin("/api/requests/xyz").status, (400, 404))

    def test_no_prompt_is_in_log_or_ledger_file(self):
        self.weir.chat(messages=[{"role": "user", "content": "a most secret prompt 7261"}])
        self.weir.report()
        self.assertNotIn("secret prompt 7261", self.weir.log)

    def test_totals_equal_the_providers_count(self):
        before = self.weir.settled_total()
        self.small.nanos = self.large.nanos = 0
        plan = []
        for i in range(60):
            self.small.logprob = -0.01 if i % 3 else -1.0
            self.small.tokens, self.large.tokens = (101 + i, i % 5, 3 + i % 7), (203 + i, i % 11, 5 + i % 13)
            if i % 10 == 7:
                self.up.by_model["small"] = upstream.error(500, "boom")
            messages = [{"role": "user", "content": "row %d" % (i % 40)}]
            reply = self.weir.chat(messages=messages, stream=i % 4 == 0)
            self.assertEqual(reply.status, 200)
            plan.append(reply.header("x-weir-tier"))
            self.up.by_model["small"] = self.small
        after = self.weir.report_total(before["requests"] + len(plan))
        spent = nanos(after["cost_usd"]) - nanos(before["cost_usd"])
        self.assertEqual(spent, self.small.nanos + self.large.nanos)
        self.assertEqual({"exact", "model", "reference"}, set(plan))
        tiers = {line["key"]: line["requests"] for line in self.weir.report(by="tier")["lines"]}
        self.assertGreaterEqual(tiers["exact"], plan.count("exact"))

    def test_usage_that_nobody_reported_is_estimated_and_said_so(self):
        self.up.by_model["gpt-4o"] = upstream.body(upstream.chat_body("Large, without usage.", usage=None))
        self.small.logprob = -3
        reply = self.weir.chat(messages=[{"role": "user", "content": "no usage"}])
        row = self.weir.row(reply)
        self.assertTrue(row["estimated"])
        self.assertGreater(nanos(row["cost_usd"]), self.small.nanos)


class Changes(GatewayCase):
    """What changes the caches: who may ask for it, and in what form."""

    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact"])

    def post(self, target, body, *headers):
        with client.Connection(self.weir.admin_port) as connection:
            own_host = any(name == "host" for name, _ in headers)
            connection.request("POST", target, body, headers, host=not own_host)
            return connection.read_reply()

    def assert_refused(self, reply, status, part):
        self.assertEqual(reply.status, status, reply)
        self.assertEqual(reply.header("content-type"), "application/json")
        self.assertIn(part, reply.json()["error"]["message"])

    def test_methods(self):
        for target, allow in (("/metrics", "GET, HEAD"), ("/v1/feedback", "POST"), ("/api/cache/purge", "POST")):
            for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "GET" if allow == "POST" else "POST"):
                with self.subTest(target=target, method=method):
                    reply = self.weir.admin(target, method, b"{}" if method != "GET" else None)
                    self.assert_refused(reply, 405, "only")
                    self.assertEqual(reply.header("allow"), allow)
                    self.assertIsNone(reply.header("access-control-allow-origin"))

    def test_web_pages_are_not_heard(self):
        for target in ("/v1/feedback", "/api/cache/purge"):
            with self.subTest(target=target):
                self.assert_refused(self.post(target, b"{}", ("content-type", "text/plain")), 415, "application/json")
                self.assert_refused(self.post(target, b"{}", ("origin", "http://evil.example")), 403, "origin")
                self.assert_refused(self.post(target, b"{}", ("origin", "null")), 403, "origin")
                self.assert_refused(self.post(target, b"{}", ("host", "evil.example")), 403, "address")

    def test_what_is_wrong_is_said(self):
        for target, body, part in (
            ("/api/cache/purge", b"", "no JSON object"),
            ("/api/cache/purge", b"{}", "exactly one"),
            ("/api/cache/purge", b'{"tag":"a","task":"b"}', "exactly one"),
            ("/api/cache/purge", b'{"tag":1}', "'tag'"),
            ("/api/cache/purge", b'{"tga":"a"}', "'tga'"),
            ("/api/cache/purge", b'{"key":"xyz"}', "hexadecimal"),
            ("/v1/feedback", b'{"verdict":"bad"}', "'request_id' is missing"),
            ("/v1/feedback", b'{"request_id":"1","verdict":"bad"}', "hexadecimal"),
            ("/v1/feedback", b'{"request_id":"0000000000000001","verdict":"so-so"}', "'verdict'"),
        ):
            with self.subTest(body=body):
                self.assert_refused(self.post(target, body), 400, part)

    def test_too_large(self):
        body = b'{"tag":"%s"}' % (b"x" * (1 << 20))
        self.assertEqual(self.post("/api/cache/purge", body).status, 413)

    def test_unknown_request(self):
        body = b'{"request_id":"0000000000000001","verdict":"bad"}'
        self.assertEqual(self.post("/v1/feedback", body).status, 404)


class LedgerSize(GatewayCase):
    LIMIT_BYTES = 250  # a request, on disk

    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact", SMALL_TIER])

    def on_disk(self):
        return sum(
            os.path.getsize(os.path.join(self.weir.data, name))
            for name in os.listdir(self.weir.data)
            if name.startswith("ledger.sqlite")
        )

    def play(self, first, count):
        """Pipelined, a quarter of it repeats; every kind of attempt."""
        with self.weir.connect(60) as connection:
            for start in range(first, first + count, 50):
                for i in range(start, start + 50):
                    self.weir_asks(connection, i)
                for i in range(start, start + 50):
                    self.assertEqual(connection.read_reply().status, 200)

    def weir_asks(self, connection, i):
        connection.request(
            "POST",
            "/v1/chat/completions",
            {
                "model": "gpt-4o",
                "stream": i % 5 == 0,
                "messages": [{"role": "user", "content": "question %d" % (i - i % 4)}],
            },
        )

    def test_a_request_takes_little_room(self):
        self.up.by_model["small"] = upstream.Model("Small.", logprob=-0.5)  # asked and declined: two model attempts
        before = self.weir.settled_total()["requests"]
        self.play(20000, 500)
        self.weir.stop()
        empty = self.on_disk()
        self.weir.start()
        self.play(10000, 1500)
        self.weir.stop()
        self.assertEqual(self.weir.report()["total"]["requests"] - before, 2000)
        self.assertLessEqual((self.on_disk() - empty) / 1500, self.LIMIT_BYTES)


class UnknownPrice(GatewayCase):
    @classmethod
    def config(cls):
        config = simple(cls.up)
        config["models"]["fake/home-made-model"] = {}
        return config

    def test_unknown_is_never_zero(self):
        self.up.answer = upstream.Model("Priceless.", tokens=(10, 0, 2))
        reply = self.weir.chat(model="home-made-model")
        self.assert_answers(reply, "Priceless.")
        self.assertNotIn(reply.header("x-weir-cost-usd"), ("0", "0.0", 0))
        row = self.weir.row(reply)
        self.assertNotEqual(row["cost_usd"], 0)
        self.assertIn(row["cost_usd"], (None, "unknown"))
        self.assertEqual(self.weir.report_total(1)["unpriced"], 1)


if __name__ == "__main__":
    unittest.main()

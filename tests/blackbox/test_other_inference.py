"""Inference that is no chat: JSON endpoints and models of the Open Inference Protocol (docs/other-inference.md)."""

import json
import unittest

from harness import Deadline, client
from harness.gateway import PATIENCE, Gateway, nanos
from harness.model_server import JSON, ModelServer

KEYS = {"KEY_ACME": "sk-test-acme-0001", "KEY_BIRCH": "sk-test-birch-001"}


def label(path, headers, body):
    try:
        number = json.loads(body)["x"]
    except (ValueError, KeyError):
        return 422, JSON, b'{"detail": "no x"}'
    return 200, JSON, json.dumps({"label": "even" if int(number) % 2 == 0 else "odd"}).encode()


def wrong(path, headers, body):
    return 200, JSON, b'{"label": "neither"}'


def tensors(path, headers, body):
    if headers.get("inference-header-content-length"):
        return 200, [("content-type", "application/octet-stream"), ("inference-header-content-length", "2")], b"{}\0\1"
    if not path.endswith("/infer"):
        return 200, JSON, json.dumps({"path": path}).encode()
    asked = json.loads(body)
    if "inputs" not in asked:
        return 400, JSON, b'{"error": "no inputs"}'
    out = {"model_name": path.split("/")[3], "outputs": [{"name": "y", "data": asked["inputs"][0]["data"]}]}
    return 200, JSON, json.dumps(dict(out, id=asked["id"]) if "id" in asked else out).encode()


class InferenceCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.large, cls.small, cls.bad, cls.oip = ModelServer(label), ModelServer(label), ModelServer(wrong), ModelServer(tensors)
        for server in (cls.large, cls.small, cls.bad, cls.oip):
            cls.addClassCleanup(server.stop)
        promise = {"disagreement": "5%", "confidence": "90%"}
        reference = {"url": cls.large.url + "/label", "price": {"per_call": "0.001"}}
        agreement = {"by": "label", "at": "/label"}
        cls.weir = Gateway(
            {
                "keys": [{"key": "${KEY_ACME}", "tenant": "acme"}, {"key": "${KEY_BIRCH}", "tenant": "birch"}],
                "inference": {
                    "labels": {
                        "path": "/label",
                        "reference": reference,
                        "cache": {"key": ["/x"], "ttl": "1h"},
                        "mode": "serve",
                    },
                    "cheap": {
                        "path": "/cheap",
                        "reference": reference,
                        "tiers": [{"name": "small", "url": cls.small.url + "/s", "price": {"per_call": "0.0001"}}],
                        "agreement": agreement,
                        "promise": promise,
                        "mode": "serve",
                    },
                    "poor": {
                        "path": "/poor",
                        "reference": reference,
                        "tiers": [{"name": "bad", "url": cls.bad.url + "/b", "price": {"per_call": "0.0001"}}],
                        "agreement": agreement,
                        "promise": promise,
                        "mode": "serve",
                    },
                    "digits": {
                        "model": "digits",
                        "reference": {"url": cls.oip.url, "model": "digits-large", "price": {"per_second": "0.01"}},
                        "cache": {"ignore": ["/id"]},
                        "mode": "serve",
                    },
                },
            },
            env=KEYS,
        )
        cls.addClassCleanup(cls.weir.__exit__)
        cls.weir.start()

    def ask(self, path, body, tenant="ACME", headers=(), method="POST"):
        bearer = ("Authorization", "Bearer " + KEYS["KEY_" + tenant])
        return self.weir.ask(method, path, body, [bearer] + list(headers))


class Caches(InferenceCase):
    def test_declared_fields_are_the_key_and_nothing_else(self):
        first = self.ask("/label", {"x": 1, "trace": "a"})
        again = self.ask("/label", b'{ "trace":"b", "x" : 1 }')
        self.assertEqual((first.status, first.header("x-weir-cache"), again.header("x-weir-cache")), (200, "miss", "hit"))
        self.assertEqual(first.body, again.body)
        row, hit = self.weir.row(first), self.weir.row(again)
        self.assertEqual((nanos(row["cost_usd"]), nanos(hit["cost_usd"])), (1_000_000, 0))
        self.assertEqual(nanos(hit["saved_usd"]), 1_000_000)
        self.assertEqual(self.ask("/label", {"x": 1.0}).header("x-weir-cache"), "miss", "numbers count as spelled")
        self.assertEqual(self.ask("/label", {"x": 1}, "BIRCH").header("x-weir-cache"), "miss", "another tenant")
        self.assertEqual(self.ask("/label?v=2", {"x": 1}).header("x-weir-cache"), "miss", "another query")

    def test_without_a_declared_field_there_is_no_key(self):
        for _ in range(2):
            reply = self.ask("/label", {"y": 1})
            self.assertEqual((reply.status, reply.header("x-weir-cache")), (422, "bypass"))
            self.assertEqual(reply.json(), {"detail": "no x"}, "the upstream's own words")
        twice = [self.ask("/label", b'{"x":2,"x":3}').header("x-weir-cache") for _ in range(2)]
        self.assertEqual(twice, ["bypass", "bypass"])

    def test_errors_are_plain(self):
        reply = self.weir.ask("POST", "/label", {"x": 1}, [("Authorization", "Bearer nobody")])
        self.assertEqual(reply.status, 401)
        self.assertIsInstance(reply.json()["error"], str)
        self.assertEqual(self.ask("/label", {"x": 77}, headers=[("x-weir-cache", "only")]).status, 504)
        self.assertEqual(self.ask("/label", None, method="GET").status, 405)


class OpenInference(InferenceCase):
    def infer(self, document, **more):
        return self.ask("/v2/models/digits/infer", document, **more)

    def test_hits_carry_the_id_of_who_asks(self):
        tensor = {"inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "data": [1.5, 2]}]}
        first, second = self.infer(dict(tensor, id="a")), self.infer(dict(tensor, id="b"))
        third = self.infer(tensor)
        self.assertEqual([r.header("x-weir-cache") for r in (first, second, third)], ["miss", "hit", "hit"])
        self.assertEqual([r.json().get("id") for r in (first, second, third)], ["a", "b", None])
        self.assertEqual(self.oip.seen[-1][0], "/v2/models/digits-large/infer")
        row = self.weir.row(first)
        self.assertGreater(nanos(row["cost_usd"]), 0, "by the second")

    def test_binary_tensors_go_through(self):
        for _ in range(2):
            reply = self.infer(b"{}\0\1", headers=[("Inference-Header-Content-Length", "2")])
            self.assertEqual((reply.status, reply.header("x-weir-cache"), reply.body), (200, "bypass", b"{}\0\1"))
            self.assertEqual(reply.header("inference-header-content-length"), "2")

    def test_servers_and_models_answer_for_themselves(self):
        for path, there in (
            ("/v2", "/v2"),
            ("/v2/health/ready", "/v2/health/ready"),
            ("/v2/models/digits", "/v2/models/digits-large"),
            ("/v2/models/digits/ready", "/v2/models/digits-large/ready"),
        ):
            self.assertEqual(self.ask(path, None, method="GET").json(), {"path": there})
        self.assertEqual(self.ask("/v2/models/none/infer", {}).status, 404)
        self.assertEqual(self.infer({"no": 1}).json(), {"error": "no inputs"})


class Ladder(InferenceCase):
    def ask_many(self, path, count, start=0):
        """One after another; the tiers that answered."""
        return [self.ask(path, {"x": number}).header("x-weir-tier") for number in range(start, start + count)]

    def test_a_good_tier_serves_once_it_is_certified_and_a_poor_one_never(self):
        served = []
        for round_number, _ in enumerate(Deadline(120 * PATIENCE, "the small model serves", every=0.01)):
            served = self.ask_many("/cheap", 50, 50 * round_number)
            if served.count("model") >= 40:
                break
        self.assertEqual(set(self.ask_many("/poor", 300)), {"reference"})
        lines = {line["key"]: line for line in self.weir.report(by="task")["lines"]}
        self.assertIn("cheap", lines, lines)
        self.assertEqual(lines["poor"]["saved_usd"][0], "-", "trials of a tier that never serves are pure cost")
        views = client.ask(self.weir.admin_port, "GET", "/api/cascades").json()
        self.assertIn("cheap", json.dumps(views))


if __name__ == "__main__":
    unittest.main()

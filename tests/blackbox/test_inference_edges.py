"""Inference that is no chat, where something is odd: crowds, broken servers, limits, bodies that Weir can't read."""

import json
import struct
import threading
import unittest

from harness import Deadline, wait_for
from harness.gateway import PATIENCE, Gateway, check, nanos
from harness.model_server import JSON, ModelServer

PRICE = {"per_call": "0.001"}
CHEAP = {"per_call": "0.0001"}
PROMISE = {"disagreement": "5%", "confidence": "90%"}
BY_LABEL = {"by": "label", "at": "/label"}
BINARY = "Inference-Header-Content-Length"


def echo(path, headers, body):
    return 200, JSON, json.dumps({"label": json.loads(body)["x"]}).encode()


class EdgeCase(unittest.TestCase):
    def server(self, answer):
        made = ModelServer(answer)
        self.addCleanup(made.stop)
        return made

    def gateway(self, routes, **more):
        weir = Gateway(dict({"inference": routes}, **more))
        self.addCleanup(weir.__exit__)
        return weir.start()

    def route(self, server, path="/r", **more):
        reference = dict({"url": server.url + "/up", "price": PRICE}, **more.pop("reference", {}))
        return dict({"path": path, "reference": reference, "cache": {"ttl": "1h"}, "mode": "serve"}, **more)

    def crowd(self, weir, body, count):
        """The same request at the same time; the replies, once they are all there."""
        replies = []
        threads = [
            threading.Thread(target=lambda: replies.append(weir.ask("POST", "/r", body)), daemon=True)
            for _ in range(count)
        ]
        for thread in threads:
            thread.start()
        return threads, replies


class Crowds(EdgeCase):
    def test_the_same_request_under_way_is_asked_once(self):
        gate = threading.Event()

        def slow(path, headers, body):
            gate.wait(20 * PATIENCE)
            return echo(path, headers, body)

        up = self.server(slow)
        weir = self.gateway({"r": self.route(up)})
        threads, replies = self.crowd(weir, {"x": 1}, 20)
        wait_for(lambda: weir.metric("requests_active") >= 20, 10 * PATIENCE, "20 requests under way")
        gate.set()
        for thread in threads:
            thread.join(20 * PATIENCE)
        self.assertEqual(len(up.seen), 1)
        self.assertEqual({(r.status, r.body) for r in replies}, {(200, b'{"label": 1}')})
        states = sorted(r.header("x-weir-cache") for r in replies)
        self.assertEqual(states, ["hit"] * 19 + ["miss"])

    def test_where_nothing_came_of_it_the_next_one_asks(self):
        gate, turns = threading.Event(), []

        def fails_once(path, headers, body):
            gate.wait(20 * PATIENCE)
            turns.append(1)
            return (500, JSON, b'{"error": "no"}') if len(turns) == 1 else echo(path, headers, body)

        up = self.server(fails_once)
        weir = self.gateway({"r": self.route(up, reference={"retries": {"most": 0}})})
        threads, replies = self.crowd(weir, {"x": 1}, 5)
        wait_for(lambda: weir.metric("requests_active") >= 5, 10 * PATIENCE, "5 requests under way")
        gate.set()
        for thread in threads:
            thread.join(20 * PATIENCE)
        self.assertEqual(sorted(r.status for r in replies), [200] * 4 + [500])
        self.assertEqual(len(up.seen), 2)

    def test_whoever_leaves_takes_nobody_along(self):
        gate = threading.Event()

        def slow(path, headers, body):
            gate.wait(20 * PATIENCE)
            return echo(path, headers, body)

        up = self.server(slow)
        weir = self.gateway({"r": self.route(up)})
        leader = weir.connect()
        leader.request("POST", "/r", {"x": 1})
        wait_for(lambda: up.seen, 10 * PATIENCE, "the leader's call")
        threads, replies = self.crowd(weir, {"x": 1}, 3)
        wait_for(lambda: weir.metric("requests_active") >= 4, 10 * PATIENCE, "4 requests under way")
        leader.close()
        wait_for(lambda: len(up.seen) == 2, 10 * PATIENCE, "another one's call")
        gate.set()
        for thread in threads:
            thread.join(20 * PATIENCE)
        self.assertEqual([r.status for r in replies], [200] * 3)
        self.assertEqual(len(up.seen), 2)

    def test_places_and_the_queue_before_them(self):
        gate = threading.Event()

        def slow(path, headers, body):
            gate.wait(20 * PATIENCE)
            return echo(path, headers, body)

        up = self.server(slow)
        weir = self.gateway({"r": self.route(up, reference={"in_flight": 1, "queue": 0})})
        first = threading.Thread(target=lambda: weir.ask("POST", "/r", {"x": 1}), daemon=True)
        first.start()
        wait_for(lambda: up.seen, 10 * PATIENCE, "the first call")
        refused = weir.ask("POST", "/r", {"x": 2})
        self.assertEqual((refused.status, refused.header("retry-after")), (503, "1"))
        self.assertIn("r/reference", refused.json()["error"])
        gate.set()
        first.join(20 * PATIENCE)
        self.assertEqual(weir.ask("POST", "/r", {"x": 2}).status, 200)


class BrokenServers(EdgeCase):
    def test_another_endpoint_and_another_try(self):
        def busy_once(path, headers, body):
            return (503, JSON, b'{"error": "busy"}') if len(up.seen) == 1 else echo(path, headers, body)

        up, gone = self.server(busy_once), self.server(echo)
        gone.stop()
        endpoints = [{"url": gone.url + "/up"}, {"url": up.url + "/there"}]
        reference = {"endpoints": endpoints, "retries": {"most": 3, "backoff": "1ms", "budget": 1}}
        weir = self.gateway({"r": self.route(up, reference=reference)})
        reply = weir.ask("POST", "/r", {"x": 1})
        self.assertEqual((reply.status, reply.json()), (200, {"label": 1}))
        self.assertEqual({path for path, _, _ in up.seen}, {"/there"})
        row = weir.row(reply)
        self.assertEqual(row["attempts"][-1]["outcome"], "served")
        self.assertEqual(nanos(row["cost_usd"]), 1_000_000, "what failed is not billed")
        self.assertGreaterEqual(weir.metric("upstream_retries_total"), 1)

    def test_errors_of_a_server_go_on_as_they_are(self):
        up = self.server(None)
        weir = self.gateway({"r": self.route(up, reference={"retries": {"most": 0}})})
        for status, body, seen_status in (
            (500, b'{"detail": ["odd", 1]}', 500),
            (422, b'{"error": "no x"}', 422),
            (404, b'{"error": "gone"}', 404),
        ):
            up.answer = lambda *_: (status, JSON, body)
            for _ in range(2):
                reply = weir.ask("POST", "/r", {"x": status})
                self.assertEqual((reply.status, reply.body), (seen_status, body))
            row = weir.row(reply)
            self.assertEqual((nanos(row["cost_usd"]), row["complete"]), (0, False))
        up.answer = lambda *_: (500, [("content-type", "text/html")], b"<p>oops</p>")
        self.assertIn("error", weir.ask("POST", "/r", {"x": 1}).json())
        up.answer = lambda *_: (401, JSON, b'{"error": "key"}')
        self.assertEqual(weir.ask("POST", "/r", {"x": 1}).status, 502, "the caller's own key was right")

    def test_an_answer_that_breaks_off_or_has_no_end(self):
        up = self.server(lambda *_: (200, JSON, None))
        weir = self.gateway(
            {"r": self.route(up, reference={"retries": {"most": 0}})}, limits={"answer": "1KiB"}
        )
        for _ in range(2):
            reply = weir.ask("POST", "/r", {"x": 1})
            self.assertEqual(reply.status, 502)
            self.assertIsInstance(reply.json()["error"], str)
        up.answer = lambda *_: (200, JSON, b'{"a": "' + b"a" * 2000 + b'"}')
        self.assertEqual(weir.ask("POST", "/r", {"x": 2}).status, 502)

    def test_what_is_no_json_is_passed_on_and_not_kept(self):
        up = self.server(None)
        weir = self.gateway({"r": self.route(up)})
        for kind, body in (
            ("text/html", b"<p>hello</p>"),
            ("application/json", b"{half"),
            ("application/json", b"[1]"),
            ("application/jsonp", b"{}"),
            ("application/octet-stream", b"\0\1"),
        ):
            up.answer = lambda *_: (200, [("content-type", kind)], body)
            for _ in range(2):
                reply = weir.ask("POST", "/r", {"x": 1})
                seen = (reply.status, reply.header("x-weir-cache"), reply.body, reply.header("content-type"))
                self.assertEqual(seen, (200, "miss", body, kind))
        up.answer = lambda *_: (200, [("content-type", "Application/JSON; charset=utf-8")], b"{}")
        self.assertEqual([weir.ask("POST", "/r", {"x": 1}).header("x-weir-cache") for _ in "ab"], ["miss", "hit"])

    def test_who_asks_for_nothing_but_json_gets_what_the_server_codes(self):
        up = self.server(lambda *_: (200, JSON + [("content-encoding", "x-odd")], b"\1\2"))
        weir = self.gateway({"r": self.route(up)})
        reply = weir.ask("POST", "/r", {"x": 1})
        self.assertEqual((reply.header("content-encoding"), reply.body), ("x-odd", b"\1\2"))


class Bodies(EdgeCase):
    def test_what_weir_can_not_read_goes_to_the_server_as_it_is(self):
        up = self.server(lambda *_: (200, JSON, b"{}"))
        weir = self.gateway({"r": self.route(up)})
        deep = b'{"x":' + b"[" * 70 + b"]" * 70 + b"}"
        bodies = [b"", b"{", b"[1]", b'"x"', b'{"x": NaN}', b'{"x": -Infinity}', b'{"x": 01}', b'{"x": "\xff"}', deep]
        for body in bodies:
            for _ in range(2):
                reply = weir.ask("POST", "/r", body)
                self.assertEqual((reply.status, reply.header("x-weir-cache")), (200, "bypass"), body)
                self.assertEqual(up.seen[-1][2], body)
        coded = [("content-encoding", "gzip")]
        self.assertEqual(weir.ask("POST", "/r", {"x": 1}, coded).header("x-weir-cache"), "bypass")
        self.assertEqual(len(up.seen), 2 * len(bodies) + 1)

    def test_limits(self):
        up = self.server(lambda *_: (200, JSON, json.dumps({"data": "a" * 40_000}).encode()))
        weir = self.gateway({"r": self.route(up)}, limits={"body": "64KiB"}, cache={"max_entry": "32KiB"})
        reply = weir.ask("POST", "/r", {"x": "a" * 70_000})
        self.assertEqual((reply.status, up.seen), (413, []))
        states = [weir.ask("POST", "/r", {"x": 1}).header("x-weir-cache") for _ in range(2)]
        self.assertEqual(states, ["miss", "miss"], "a larger answer than the cache takes is served all the same")

    def test_entries_end_with_their_time_and_callers_may_want_younger_ones(self):
        up = self.server(echo)
        weir = self.gateway({"r": dict(self.route(up), cache={"ttl": "1s"})})
        ask = lambda *headers: weir.ask("POST", "/r", {"x": 1}, headers).header("x-weir-cache")  # noqa: E731
        self.assertEqual([ask(), ask()], ["miss", "hit"])
        self.assertEqual(ask(("cache-control", "no-store")), "bypass")
        self.assertEqual(ask(("x-weir-cache", "refresh")), "refresh")
        for _ in Deadline(10 * PATIENCE, "the entry's end", every=0.05):
            if ask() == "miss":
                break

    def test_observe_tells_and_off_does_not_even_look(self):
        up = self.server(echo)
        weir = self.gateway({"r": self.route(up, mode="observe")})
        replies = [weir.ask("POST", "/r", {"x": 1}) for _ in range(2)]
        self.assertEqual([r.header("x-weir-tier") for r in replies], ["reference", "reference"])
        self.assertEqual(weir.row(replies[1])["would_have"], "exact")
        off = weir.ask("POST", "/r", {"x": 1}, [("x-weir-mode", "off")])
        self.assertEqual(off.header("x-weir-cache"), "bypass")
        self.assertIsNone(weir.row(off)["would_have"])

    def test_an_address_is_the_whole_path_be_it_a_slash(self):
        up = self.server(echo)
        routes = {}
        for name, path in (("bare", ""), ("root", "/"), ("deep", "/a/"), ("plain", "/a")):
            routes[name] = {"path": "/" + name, "reference": {"url": up.url + path}}
        weir = self.gateway(routes)
        for name, path in (("bare", "/"), ("root", "/"), ("deep", "/a/"), ("plain", "/a"), ("plain?b=c", "/a?b=c")):
            self.assertEqual(weir.ask("POST", "/" + name, {"x": 1}).status, 200)
            self.assertEqual(up.seen[-1][0], path)

    def test_metrics_say_which_tier_model_and_task(self):
        up = self.server(echo)
        weir = self.gateway({"r": self.route(up)})
        for _ in range(3):
            last = weir.ask("POST", "/r", {"x": 1})
        weir.row(last)
        self.assertEqual(weir.metric("requests_total", tier="exact", model="r/reference"), 2)
        self.assertEqual(weir.metric("requests_total", tier="reference", model="r/reference"), 1)
        self.assertEqual({s.labels["task"] for s in weir.metrics()["weir_requests_total"].samples}, {"r"})
        named = weir.ask("POST", "/r", {"x": 1}, [("x-weir-task", "r2")])
        task = weir.row(named)["task"]
        self.assertEqual(weir.metric("requests_total", task=task), 1, "what callers name stays a number")


class LadderCase(EdgeCase):
    def ladder(self, tier, in_flight=None, **more):
        """x even: the tier is sure and right; odd: neither."""
        large = self.server(lambda p, h, body: (200, JSON, json.dumps({"label": json.loads(body)["x"] % 7}).encode()))
        small = self.server(tier)
        tiers = [{"name": "small", "url": small.url, "price": CHEAP, "confidence": "/sure"}]
        if in_flight:
            tiers[0]["in_flight"] = in_flight
        route = {
            "path": "/r",
            "reference": {"url": large.url, "price": PRICE},
            "tiers": tiers,
            "agreement": BY_LABEL,
            "promise": PROMISE,
            "mode": "serve",
        }
        return self.gateway({"r": dict(route, **more)}), large, small

    @staticmethod
    def doubtful(path, headers, body):
        x = json.loads(body)["x"]
        answer = {"label": x % 7, "sure": 0.99} if x % 2 == 0 else {"label": 8, "sure": 0.3}
        return 200, JSON, json.dumps(answer).encode()

    def ask(self, weir, first, count):
        return [weir.ask("POST", "/r", {"x": x}).header("x-weir-tier") for x in range(first, first + count)]

    def until_it_serves(self, weir):
        for turn, _ in enumerate(Deadline(120 * PATIENCE, "the small model serves", every=0.01)):
            if self.ask(weir, 100 * turn, 100).count("model") > 30:
                return 100 * (turn + 1)


class Ladders(LadderCase):
    def test_confidence_opens_the_gate_for_sure_answers_only(self):
        weir, _, small = self.ladder(self.doubtful)
        begin = self.until_it_serves(weir)
        tiers = self.ask(weir, begin, 200)
        self.assertGreater(tiers[0::2].count("model"), 80, tiers)
        self.assertEqual(tiers[1::2].count("model"), 0, "what it was not sure of")
        with self.subTest("a tier that says nonsense, or nothing, or is gone is passed over"):
            for answer in (
                (200, JSON, b"{half"),
                (200, JSON, b'{"other": 1}'),
                (200, [("content-type", "text/plain")], b'{"label": 0, "sure": 1}'),
                (400, JSON, b"{}"),
                (200, JSON, None),
            ):
                small.answer = lambda *_: answer
                tiers = self.ask(weir, 0, 2)
                self.assertEqual(tiers, ["reference"] * 2)
        small.answer = self.doubtful

    def test_shadow_tries_and_serves_nobody(self):
        weir, large, small = self.ladder(self.doubtful, mode="shadow")
        self.assertEqual(set(self.ask(weir, 0, 300)), {"reference"})
        self.assertGreater(len(small.seen), 100)
        self.assertEqual(len(large.seen), 300, "the reference's own answers are what is compared with")
        self.assertIn("-", str(weir.report()["total"]["saved_usd"]), "trials are pure cost")

    def test_a_slow_tier_costs_its_time_limit_once_in_a_while(self):
        slow = threading.Event()

        def tier(path, headers, body):
            if slow.is_set():
                slow_gate.wait(5 * PATIENCE)
            return self.doubtful(path, headers, body)

        slow_gate = threading.Event()
        self.addCleanup(slow_gate.set)
        weir, _, _ = self.ladder(tier, tier_timeout="100ms")
        self.until_it_serves(weir)
        slow.set()
        replies = [weir.ask("POST", "/r", {"x": x}, [("x-weir-debug", "1")]) for x in range(0, 40, 2)]
        self.assertEqual({r.status for r in replies}, {200})
        self.assertEqual({r.header("x-weir-tier") for r in replies}, {"reference"})
        self.assertIn("rests", " ".join(r.header("x-weir-why") or "" for r in replies), "it is left alone for a while")

    def test_a_tier_without_a_free_place_is_passed_over_and_the_trace_says_so(self):
        gate, slow = threading.Event(), threading.Event()
        self.addCleanup(gate.set)

        def tier(path, headers, body):
            if slow.is_set():
                gate.wait(20 * PATIENCE)
            return self.doubtful(path, headers, body)

        weir, _, small = self.ladder(tier, in_flight=1)
        begin = 2 * self.until_it_serves(weir)
        wait_for(lambda: weir.metric("background_calls_active") == 0, 10 * PATIENCE, "nothing under way")
        slow.set()
        before = len(small.seen)
        first = threading.Thread(target=lambda: weir.ask("POST", "/r", {"x": begin}), daemon=True)
        first.start()
        wait_for(lambda: len(small.seen) > before, 10 * PATIENCE, "the first one's call")
        for x in range(begin + 2, begin + 20, 2):
            reply = weir.ask("POST", "/r", {"x": x})
            self.assertEqual(reply.header("x-weir-tier"), "reference")
            steps = [(s["tier"], s["verdict"], s.get("said")) for s in weir.row(reply)["trace"]]
            if ("r/small", "skipped", "its provider has as many calls under way as it may have") in steps:
                break
        else:
            self.fail(steps)
        gate.set()
        first.join(20 * PATIENCE)

    def test_numbers_agree_within_their_tolerance(self):
        large = self.server(lambda p, h, b: (200, JSON, json.dumps({"y": [100.0 * json.loads(b)["x"], 1]}).encode()))
        small = self.server(lambda p, h, b: (200, JSON, json.dumps({"y": [100.4 * json.loads(b)["x"], 1]}).encode()))
        route = {
            "reference": {"url": large.url, "price": PRICE},
            "tiers": [{"name": "small", "url": small.url, "price": CHEAP}],
            "promise": PROMISE,
            "mode": "serve",
        }
        near = dict(route, path="/r", agreement={"by": "number", "at": "/y", "tolerance": "1%"})
        exact = dict(route, path="/exact", agreement={"by": "number", "at": "/y", "tolerance": "0.1%"})
        weir = self.gateway({"r": near, "exact": exact})
        self.until_it_serves(weir)
        tiers = {weir.ask("POST", "/exact", {"x": x}).header("x-weir-tier") for x in range(1, 301)}
        self.assertEqual(tiers, {"reference"})


class KeptOfTiers(LadderCase):
    """What a certified tier said is in the cache as that tier's, not as the reference's."""

    cache = {"key": ["/x"], "ttl": "1h"}

    def replies(self, weir, numbers):
        return [weir.ask("POST", "/r", {"x": x}, [("x-weir-debug", "1")]) for x in numbers]

    @staticmethod
    def told(reply):
        return reply.header("x-weir-tier"), reply.header("x-weir-model")

    def served_by_small(self, weir, begin, count):
        """Requests that it has answered just now."""
        numbers = range(begin, begin + 2 * count, 2)
        replies = self.replies(weir, numbers)
        return [x for x, reply in zip(numbers, replies) if self.told(reply) == ("model", "r/small")]

    def settled(self, weir):
        wait_for(lambda: weir.metric("background_calls_active") == 0, 10 * PATIENCE, "nothing under way")

    def test_hits_cost_nothing_and_are_audited_as_the_tier_is(self):
        weir, large, small = self.ladder(self.doubtful, cache=self.cache, audit="30%")
        begin = self.until_it_serves(weir)
        served = self.served_by_small(weir, begin, 150)
        self.assertGreater(len(served), 100)
        audited = len(large.seen)
        asked = len(small.seen)
        again = self.replies(weir, served)
        hits = [reply for reply in again if self.told(reply) == ("exact", "r/small")]
        others = {self.told(reply) for reply in again} - {("exact", "r/small")}
        # An audit's answer has taken the entry's place; who is held out gets the reference's.
        self.assertLessEqual(others, {("exact", "r/reference"), ("reference", "r/reference")})
        self.assertGreater(len(hits), 40)
        self.assertEqual({reply.header("x-weir-cache") for reply in hits}, {"hit"})
        row = weir.row(hits[0])
        self.assertEqual((nanos(row["cost_usd"]), nanos(row["saved_usd"])), (0, 1_000_000))
        self.assertEqual([(step["tier"], step["verdict"]) for step in row["trace"]], [("exact", "served")])
        wait_for(lambda: len(large.seen) > audited + 5, 10 * PATIENCE, "audits of the hits")
        self.assertLess(len(small.seen) - asked, 20, "only who was held out had it asked")

    def test_who_is_held_out_gets_none_from_the_cache_alone(self):
        weir, large, small = self.ladder(self.doubtful, cache=self.cache, hold_out="20%")
        served = self.served_by_small(weir, self.until_it_serves(weir), 100)
        self.settled(weir)
        calls = len(large.seen), len(small.seen)
        replies = [weir.ask("POST", "/r", {"x": x}, [("x-weir-cache", "only")]) for x in served]
        hits = [self.told(reply) for reply in replies if reply.status == 200]
        self.assertLessEqual(set(hits), {("exact", "r/small"), ("exact", "r/reference")})
        self.assertEqual({reply.status for reply in replies}, {200, 504})
        self.assertGreater(len(hits), 0.5 * len(served))
        audits = len(large.seen) - calls[0]
        self.assertLess(audits, 0.5 * len(served), "audits of hits, and nobody's own question")
        self.assertEqual(len(small.seen), calls[1])

    def test_what_a_tier_said_ends_with_its_certificate(self):
        weir, large, small = self.ladder(self.doubtful, cache=self.cache)
        begin = self.until_it_serves(weir)
        served = self.served_by_small(weir, begin, 60)
        small.answer = lambda *_: (200, JSON, b'{"label": 8, "sure": 0.99}')
        begin += 1000
        for _ in Deadline(60 * PATIENCE, "its gate to close", every=0.01):
            begin += 100
            if "model" not in self.ask(weir, begin, 100):
                break
        again = self.replies(weir, served)
        self.assertEqual({reply.header("x-weir-model") for reply in again}, {"r/reference"})
        refused = [reply for reply in again if reply.header("x-weir-tier") == "reference"]
        self.assertGreater(len(refused), 20)
        trace = weir.row(refused[0])["trace"]
        self.assertIn("a cheaper model's answer, which may not serve here", [step.get("said") for step in trace], trace)
        now = self.replies(weir, served)
        self.assertEqual({self.told(reply) for reply in now}, {("exact", "r/reference")}, "the reference's took its place")

    def test_another_configuration_of_tiers_is_not_served_what_the_old_one_said(self):
        weir, large, small = self.ladder(self.doubtful, cache=self.cache)
        served = self.served_by_small(weir, self.until_it_serves(weir), 40)
        weir.stop()
        route = {"path": "/r", "reference": {"url": large.url, "price": PRICE}, "cache": self.cache, "mode": "serve"}
        weir.write({"inference": {"r": route}})
        weir.start()
        again = self.replies(weir, served)
        self.assertEqual({reply.header("x-weir-model") for reply in again}, {"r/reference"})


class Tensors(EdgeCase):
    """Binary ones; the server doubles what it gets."""

    @staticmethod
    def double(path, headers, body):
        if int(headers.get(BINARY, 0)) == 0:
            return 400, JSON, b'{"error": "binary tensors only"}'
        head = json.loads(body[: int(headers[BINARY])])
        values = struct.unpack("<2f", body[int(headers[BINARY]) :])
        out = struct.pack("<2f", *(2 * v for v in values))
        tensor = {"name": "y", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}}
        said = json.dumps({"model_name": path.split("/")[3], "outputs": [tensor], "id": head.get("id", "")}).encode()
        return 200, [("content-type", "application/octet-stream"), (BINARY, str(len(said)))], said + out

    def infer(self, weir, values, path="/v2/models/m/infer", **members):
        tensor = {"name": "x", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}}
        head = json.dumps(dict({"inputs": [tensor], "parameters": {"binary_data_output": True}}, **members)).encode()
        return weir.ask("POST", path, head + struct.pack("<2f", *values), [(BINARY, str(len(head)))])

    def read(self, reply):
        length = int(reply.header(BINARY))
        return json.loads(reply.body[:length]), struct.unpack("<2f", reply.body[length:])

    def route(self, up, **more):
        reference = {"url": up.url, "model": "large", "price": PRICE}
        return dict({"model": "m", "reference": reference, "cache": {"ignore": ["/id"]}, "mode": "serve"}, **more)

    def test_hits_carry_the_tensors_and_the_id_of_who_asks(self):
        up = self.server(self.double)
        weir = self.gateway({"m": self.route(up)})
        replies = [self.infer(weir, (1.5, 2), id="a"), self.infer(weir, (1.5, 2), id="longer"), self.infer(weir, (1.5, 3))]
        self.assertEqual([r.header("x-weir-cache") for r in replies], ["miss", "hit", "miss"])
        self.assertEqual([self.read(r)[1] for r in replies], [(3, 4), (3, 4), (3, 6)])
        self.assertEqual([self.read(r)[0]["id"] for r in replies], ["a", "longer", ""])
        self.assertEqual(replies[1].header("content-type"), "application/octet-stream")
        version = self.infer(weir, (1.5, 2), "/v2/models/m/versions/3/infer")
        self.assertEqual((version.header("x-weir-cache"), up.seen[-1][0]), ("miss", "/v2/models/large/versions/3/infer"))
        self.assertEqual(self.infer(weir, (1.5, 2), "/v2/models/m/versions/../infer").status, 404)
        wider = self.infer(weir, (1.5, 2), outputs=[{"name": "y"}])
        self.assertEqual(wider.header("x-weir-cache"), "miss", "which outputs are wanted is part of the key")

    def test_what_depends_on_more_than_the_request_is_passed_on(self):
        up = self.server(lambda *_: (200, JSON, b'{"outputs": []}'))
        weir = self.gateway({"m": self.route(up)})
        shared = {"name": "x", "parameters": {"shared_memory_region": "r", "shared_memory_byte_size": 4}}
        for document in (
            {"inputs": [shared]},
            {"inputs": [], "outputs": [shared]},
            {"inputs": [], "parameters": {"sequence_id": 3, "sequence_start": True}},
        ):
            states = [weir.ask("POST", "/v2/models/m/infer", document).header("x-weir-cache") for _ in range(2)]
            self.assertEqual(states, ["bypass", "bypass"], document)
        for length in ("99", "-1", "x"):
            reply = weir.ask("POST", "/v2/models/m/infer", b"{}ab", [(BINARY, length)])
            self.assertEqual((reply.status, reply.header("x-weir-cache")), (200, "bypass"))
        twice = weir.ask("POST", "/v2/models/m/infer", b'{"inputs":[]}', [(BINARY, "13"), (BINARY, "13")])
        self.assertEqual(twice.header("x-weir-cache"), "bypass")

    def test_a_ladder_of_tensors_is_tried_certified_and_audited(self):
        up, small = self.server(self.double), self.server(self.double)
        tiers = [{"name": "small", "url": small.url, "model": "little", "price": CHEAP}]
        weir = self.gateway({"m": self.route(up, tiers=tiers, promise=PROMISE, agreement={"by": "number"})})
        for turn, _ in enumerate(Deadline(120 * PATIENCE, "the small model serves", every=0.01)):
            replies = [self.infer(weir, (turn, x)) for x in range(50)]
            if [r.header("x-weir-tier") for r in replies].count("model") > 30:
                break
        served = next(r for r in replies if r.header("x-weir-tier") == "model")
        self.assertEqual(self.read(served)[0]["model_name"], "little")
        self.assertEqual(self.read(served)[1][0], 2 * turn)
        self.assertTrue(all(BINARY.lower() in {k.lower() for k in headers} for _, headers, _ in small.seen))
        version = self.infer(weir, (1.5, 2), "/v2/models/m/versions/3/infer")
        self.assertEqual(version.header("x-weir-tier"), "reference")
        trace = [(step["tier"], step["verdict"], step.get("said")) for step in weir.row(version)["trace"]]
        self.assertIn(("tiers", "skipped", "not for a certain version"), trace)

    def test_other_paths_of_the_protocol_are_told_in_its_form(self):
        up = self.server(self.double)
        weir = self.gateway({"m": self.route(up)})
        for method, path in (("POST", "/v2/repository/index"), ("GET", "/v2/models/m/trace/setting"), ("GET", "/v2/x")):
            reply = weir.ask(method, path)
            self.assertEqual(reply.status, 404)
            self.assertIsInstance(reply.json()["error"], str)
        self.assertEqual(up.seen, [])


class Configuration(unittest.TestCase):
    def test_what_is_wrong_with_a_server_is_told_with_its_line(self):
        text = (
            "listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\ninference:\n  r:\n    path: /r\n    reference:\n"
            "      url: http://127.0.0.1:1/r\n      in_flight: -1\n      endpoints: [{ base_url: http://127.0.0.1:2 }]\n"
            "      retries: { most: 99 }\n"
        )
        code, said = check(text)
        self.assertEqual(code, 2, said)
        for line, words in (("8", "in_flight"), ("9", "base_url"), ("10", "retries.most")):
            self.assertRegex(said, r"(?m):%s: .*%s" % (line, words))


if __name__ == "__main__":
    unittest.main()

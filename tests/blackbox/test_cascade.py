"""Who answers: the small tier above its threshold, the reference below it and whenever the small one fails; the
reference's own failures are told as they are. Modes, and headers that lower them."""

import json
import threading
import time
import unittest

from harness import upstream
from harness.case import GatewayCase
from harness.gateway import SMALL_TIER, nanos, simple

SMALL_PRICE, LARGE_PRICE = (0.15, 0.075, 0.6), (2.5, 1.25, 10)


class CascadeCase(GatewayCase):
    """`small` answers with a log-probability, `gpt-4o` is the reference."""

    def setUp(self):
        super().setUp()
        self.small = upstream.Model("Small says four.", logprob=-0.02, tokens=(100, 0, 4), price=SMALL_PRICE)
        self.large = upstream.Model("Large says four.", tokens=(100, 0, 6), price=LARGE_PRICE)
        self.up.by_model = {"small": self.small, "gpt-4o": self.large}

    def chat(self, headers=(), **members):
        return self.weir.chat(headers=headers, messages=[{"role": "user", "content": self.id()}], **members)

    def assert_small(self, reply):
        self.assert_answers(reply, "Small says four.")
        self.assertEqual((reply.header("x-weir-tier"), reply.header("x-weir-model")), ("model", "fake/small"))

    def assert_reference(self, reply):
        self.assert_answers(reply, "Large says four.")
        self.assertEqual((reply.header("x-weir-tier"), reply.header("x-weir-model")), ("reference", "fake/gpt-4o"))


class Serve(CascadeCase):
    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=[SMALL_TIER], limits={"first_byte": "400ms", "idle": "400ms"})
        # Every failure is to be met, and none to be felt by the next test.
        config["cascades"]["default"]["tier_rest"] = "0s"
        return config

    def test_above_the_threshold_the_small_one_serves(self):
        reply = self.chat()
        self.assert_small(reply)
        self.assertEqual(self.large.calls, 0)
        small, large = 100 * 150 + 4 * 600, 100 * 2500 + 4 * 10000
        self.assertEqual(nanos(reply.header("x-weir-cost-usd")), small)
        row = self.weir.row(reply)
        self.assertEqual((nanos(row["cost_usd"]), nanos(row["saved_usd"])), (small, large - small))
        self.assertEqual([a["outcome"] for a in row["attempts"]], ["served"])

    def test_below_the_threshold_the_reference_serves_and_both_are_paid(self):
        self.small.logprob = -0.5
        reply = self.chat()
        self.assert_reference(reply)
        row = self.weir.row(reply)
        self.assertEqual([a["outcome"] for a in row["attempts"]], ["declined", "served"])
        self.assertEqual(nanos(row["cost_usd"]), self.small.nanos + self.large.nanos)
        self.assertEqual(nanos(row["saved_usd"]), -self.small.nanos)

    def test_at_the_threshold(self):
        for logprob, served in ((-0.125, True), (-0.1251, False), (0, True), (-9999.0, False)):
            with self.subTest(logprob=logprob):
                self.small.logprob = logprob
                (self.assert_small if served else self.assert_reference)(self.chat())

    def test_the_small_one_is_asked_with_logprobs_and_nobody_sees_them(self):
        reply = self.chat()
        self.assertIs(self.up.requests[0].json()["logprobs"], True)
        self.assertIsNone(reply.json()["choices"][0]["logprobs"])
        self.assertNotIn(b"bytes", reply.body)

    def test_the_reference_is_not_asked_for_logprobs(self):
        self.small.logprob = -3
        self.chat()
        self.assertNotIn("logprobs", self.up.requests[1].json())

    def test_logprobs_that_were_asked_for_are_delivered(self):
        reply = self.chat(logprobs=True, top_logprobs=2)
        self.assert_small(reply)
        self.assertEqual(self.up.requests[0].json()["top_logprobs"], 2)
        self.assertEqual([t["logprob"] for t in reply.json()["choices"][0]["logprobs"]["content"]], [-0.02] * 3)
        self.assertEqual(self.chat(logprobs=False).json()["choices"][0]["logprobs"], None)

    def test_stream_from_the_small_one(self):
        reply = self.chat(stream=True)
        self.assert_small(reply)
        self.assertNotIn(b"bytes", reply.body)
        self.assertNotIn(b'"usage":{', reply.body.replace(b" ", b""))
        with_usage = self.chat(stream=True, stream_options={"include_usage": True})
        self.assert_small(with_usage)
        self.assertEqual(json.loads(with_usage.events[-2])["usage"]["completion_tokens"], 4)
        with_probs = self.chat(stream=True, logprobs=True)
        self.assert_small(with_probs)
        self.assertIn(b'"logprob"', with_probs.body)

    def test_stream_from_the_reference_after_climbing(self):
        self.small.logprob = -3
        self.assert_reference(self.chat(stream=True))

    def test_a_small_one_without_logprobs_is_not_served(self):
        self.small.gives_logprobs = False
        self.assert_reference(self.chat())

    def test_what_has_not_the_form_asked_for_is_no_answer(self):
        schema = {"type": "object", "required": ["label"], "properties": {"label": {"enum": ["yes", "no"]}}}
        form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
        self.small.text = '{"label": "perhaps"}'
        reply = self.chat(response_format=form, headers=[("x-weir-debug", "1")])
        self.assert_reference(reply)
        self.assertIn("no answer: not of the form asked for", reply.header("x-weir-why"))
        row = self.weir.row(reply)
        self.assertEqual([a["outcome"] for a in row["attempts"]], ["declined", "served"])
        self.assertEqual(nanos(row["cost_usd"]), self.small.nanos + self.large.nanos)
        self.small.text = '{"label": "yes"}'
        reply = self.chat(response_format=form)
        self.assert_answers(reply, '{"label": "yes"}')
        self.assertEqual(reply.header("x-weir-tier"), "model")

    def test_small_failures_climb(self):
        whole = upstream.chat_body("Cut off.", usage=upstream.usage_of(1, 1))
        failures = {
            "400": upstream.error(400, "logprobs not supported"),
            "401": upstream.error(401, "no"),
            "404": upstream.error(404, "no such model"),
            "429": upstream.error(429, "slow down", [("retry-after", "60")]),
            "500": upstream.error(500, "boom"),
            "503": upstream.error(503, "loading"),
            "no answer": upstream.hang(),
            "dropped": upstream.dropped(),
            "reset": upstream.dropped(reset=True),
            "cut": upstream.body(whole, cut=40),
            "no JSON": upstream.body(b"<html>"),
            "empty": upstream.body(b""),
            "no choices": upstream.body({"id": "x", "choices": []}),
            "stalls": upstream.raw(b"HTTP/1.1 200 OK\r\n"),
            "no HTTP": upstream.raw(b"SSH-2.0-OpenSSH\r\n\r\n"),
            "unfinished": upstream.Model("Fo", finish="length"),
            "filtered": upstream.Model("", finish="content_filter"),
            "refused": upstream.Model(message={"role": "assistant", "content": None, "refusal": "No."}),
            "refused in words": upstream.Model("I'm sorry, but I can\u2019t help with that."),
            "an error as 200": upstream.body({"error": {"message": "quota"}}),
        }
        for name, failure in failures.items():
            for stream in (False, True):
                with self.subTest(name, stream=stream):
                    self.up.by_model["small"] = failure
                    self.up.forget()
                    reply = self.chat(stream=stream)
                    self.assert_reference(reply)
                    row = self.weir.row(reply)
                    self.assertEqual(row["attempts"][-1]["outcome"], "served")
                    self.assertIn(row["attempts"][0]["outcome"], ("failed", "timed_out", "declined"))
                    asked = [request.json()["model"] for request in self.up.requests]
                    self.assertEqual((asked[0], asked[-1]), ("small", "gpt-4o"))

    def test_a_small_one_that_is_down_climbs(self):
        # Another provider, whose port nobody listens on.
        dead = upstream.Upstream().start()
        config = self.config()
        config["providers"]["dead"] = {"api": "openai", "base_url": dead.base_url}
        dead.stop()
        config["cascades"]["default"]["tiers"] = [{"model": "dead/small", "min_mean_logprob": -0.1}]
        from harness.gateway import Gateway

        with Gateway(config) as weir:
            self.assert_reference(weir.chat())

    def test_reference_failures_are_told_with_the_providers_message(self):
        self.small.logprob = -3
        for status, allowed in ((400, {400}), (404, {404}), (429, {429}), (500, {500, 502}), (503, {503})):
            for stream in (False, True):
                with self.subTest(status=status, stream=stream):
                    self.up.by_model["gpt-4o"] = upstream.error(status, "the very words of %d" % status)
                    reply = self.chat(stream=stream)
                    self.assert_error(reply, allowed, "the very words of %d" % status)
                    row = self.weir.row(reply)
                    self.assertEqual(nanos(row["cost_usd"]), 100 * 150 + 4 * 600, "the small one's attempt is paid")

    def test_caller_that_leaves_while_the_small_one_works(self):
        self.up.by_model["small"] = upstream.hang()
        with self.weir.connect() as connection:
            connection.request(
                "POST", "/v1/chat/completions", {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]}
            )
            self.up.wait_requests(1)
            left = time.monotonic()
        from harness import wait_for

        wait_for(lambda: self.up.requests[0].gone_at, 2, "the call upstream to be canceled")
        self.assertLess(self.up.requests[0].gone_at - left, 0.25)
        self.assertEqual(self.large.calls, 0, "nobody is there to climb for")

    def test_mode_can_only_be_lowered(self):
        reply = self.chat([("x-weir-mode", "off")])
        self.assert_reference(reply)
        self.assertEqual(self.small.calls, 0)
        self.assert_small(self.chat([("x-weir-mode", "serve")]))
        self.assert_error(self.chat([("x-weir-mode", "loud")]), 400, "x-weir-mode")

    def test_debug_says_why(self):
        self.small.logprob = -3
        self.assertTrue(self.chat([("x-weir-debug", "1")]).header("x-weir-why"))

    def test_other_models_are_not_the_cascades_business(self):
        self.up.by_model["small"] = upstream.Model("direct")
        reply = self.weir.chat(model="small")
        self.assert_answers(reply, "direct")
        self.assertEqual(reply.header("x-weir-tier"), "reference")


class Observe(CascadeCase):
    @classmethod
    def config(cls):
        return simple(cls.up, mode="observe", tiers=["exact", SMALL_TIER])

    def test_the_reference_answers_everything(self):
        for turn in range(2):
            reply = self.chat()
            self.assert_reference(reply)
            row = self.weir.row(reply)
            self.assertEqual(nanos(row["cost_usd"]), 100 * 2500 + 6 * 10000)
        self.assertEqual((self.large.calls, self.small.calls), (2, 0), "observe costs nothing")

    def test_it_tells_what_could_have_been_saved(self):
        self.chat()
        second = self.chat()
        row = self.weir.row(second)
        self.assertEqual(row["would_have"], "exact")
        self.assertEqual(nanos(second.header("x-weir-saved-usd") or 0), 0)

    def test_serve_cannot_be_asked_for(self):
        self.chat()
        self.assert_reference(self.chat([("x-weir-mode", "serve")]))

    def test_streams_agree_byte_for_byte(self):
        events = upstream.chat_events("Large says four.", usage=upstream.usage_of(10, 3))
        self.up.by_model["gpt-4o"] = upstream.stream(events)
        reply = self.chat(stream=True, stream_options={"include_usage": True})
        self.assertEqual(reply.body, b"".join(events))


class Off(CascadeCase):
    @classmethod
    def config(cls):
        return simple(cls.up, mode="off", tiers=["exact", SMALL_TIER])

    def test_off_forwards_only(self):
        for _ in range(2):
            reply = self.chat([("x-weir-mode", "serve")])
            self.assert_reference(reply)
            self.assertNotIn("would_have", {k for k, v in self.weir.row(reply).items() if v})
        self.assertEqual((self.large.calls, self.small.calls), (2, 0))


class MaxLatency(CascadeCase):
    """The reference takes 60 ms or more; the small one next to nothing."""

    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=[SMALL_TIER], reactors=1)

    def slow(self):
        release = threading.Event()
        threading.Timer(0.06, release.set).start()
        return upstream.held(release, self.large)

    def test_cheaper_models_leave_the_reference_its_time(self):
        self.assert_small(self.chat([("x-weir-max-latency", "50")]))  # nothing is known yet
        self.small.logprob = -3
        self.up.by_model["gpt-4o"] = self.slow()
        self.assert_reference(self.chat())
        self.small.logprob = -0.02
        asked = self.small.calls
        self.up.by_model["gpt-4o"] = self.slow()
        reply = self.chat([("x-weir-max-latency", "50"), ("x-weir-debug", "1")])
        self.assert_reference(reply)
        self.assertIn("no time for it", reply.header("x-weir-why"))
        self.assertEqual(self.small.calls, asked)
        self.assertEqual(nanos(self.weir.row(reply)["cost_usd"]), self.large.nanos // self.large.calls)
        self.assert_small(self.chat([("x-weir-max-latency", "60000")]))

    def test_what_is_no_time_is_told(self):
        for wrong in ("0", "-1", "1s", "600001", "", "1.5"):
            with self.subTest(wrong):
                self.assert_error(self.chat([("x-weir-max-latency", wrong)]), 400, "x-weir-max-latency")


class WholeCascade(CascadeCase):
    """exact, then small, then the reference."""

    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact", SMALL_TIER])

    def test_small_answers_are_cached_and_repay_the_references_price(self):
        first, second = self.chat(), self.chat()
        self.assert_small(first)
        self.assert_answers(second, "Small says four.")
        self.assertEqual((second.header("x-weir-tier"), second.header("x-weir-cache")), ("exact", "hit"))
        self.assertEqual(second.header("x-weir-model"), "fake/small")
        self.assertEqual((self.small.calls, self.large.calls), (1, 0))
        self.assertIsNone(second.json()["choices"][0]["logprobs"])

    def test_cache_only_asks_no_model(self):
        reply = self.chat([("x-weir-cache", "only")])
        self.assert_error(reply, 504)
        self.assertEqual((self.small.calls, self.large.calls), (0, 0))
        self.chat()
        self.assertEqual(self.chat([("x-weir-cache", "only")]).header("x-weir-cache"), "hit")

    def test_many_at_once_add_up(self):
        before = self.weir.settled_total()
        self.up.by_model["small"] = small = Alternating("small", SMALL_PRICE)
        self.up.by_model["gpt-4o"] = large = Alternating("large", LARGE_PRICE)
        errors, count = [], 120

        def work(part):
            for i in range(part, count, 6):
                reply = self.weir.chat(
                    messages=[{"role": "user", "content": "question %d" % (i % 80)}], stream=i % 2 == 0
                )
                if reply.status != 200:
                    errors.append(reply)

        threads = [threading.Thread(target=work, args=(part,)) for part in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        after = self.weir.report_total(before["requests"] + count)
        self.assertEqual(after["requests"] - before["requests"], count)
        self.assertEqual(nanos(after["cost_usd"]) - nanos(before["cost_usd"]), small.nanos + large.nanos)
        for by in ("task", "model", "tenant", "tier", "day"):
            report = self.weir.report(by=by)
            for member in ("requests", "cost_usd", "saved_usd", "counterfactual_usd", "input_tokens"):
                value = nanos if member.endswith("usd") else int
                self.assertEqual(
                    sum(value(line[member]) for line in report["lines"]), value(report["total"][member]), (by, member)
                )


class Alternating(upstream.Model):
    """Odd token counts, so that rounding would show; sure of two questions in three."""

    def __init__(self, name, price):
        super().__init__(name, price=price)

    def answer_for(self, request):
        number = int(request["messages"][-1]["content"].split()[-1])
        return "answer %d" % number, -0.01 if number % 3 else -2.0, (37 + number * 7, number % 30, 3 + number % 11)


if __name__ == "__main__":
    unittest.main()

"""Tiers that are judged by more than their answer's log-probabilities: asked several times, how far they agree with
themselves is their evidence; asked about their own answer, how sure they are of it."""


import json
import math
import unittest
from decimal import Decimal

from harness import upstream
from harness.gateway import nanos
from harness.learned import PRICES, LearnedCase, Player, cheap_rule, is_hard, number_of, right, wrong


class Sampler(Player):
    """Refuses to tell log-probabilities. What is hard it answers in another way each time, and the caller's own
    question wrongly."""

    def __init__(self):
        super().__init__("cheap", cheap_rule)
        self.failing = False

    def answer_for(self, request):
        number = number_of(request)
        sampled = request["temperature"] > 0
        text = right(number) if sampled or not is_hard(number) else wrong(number)
        return text, None, (41 + number % 13, number % 7, 1 + number % 3)

    def __call__(self, exchange):
        request = exchange.seen.json()
        if request.get("logprobs"):
            return upstream.error(400, "no logprobs here")(exchange)
        if self.failing and request["temperature"] > 0:
            return upstream.error(400, "not at this temperature")(exchange)
        return super().__call__(exchange)


class Samples(LearnedCase):
    tiers = [{"model": "fake/cheap", "samples": 3}]

    def setUp(self):
        super().setUp()
        if not isinstance(self.players["cheap"], Sampler):
            type(self).players["cheap"] = Sampler()
            self.up.by_model = dict(self.players)
        self.players["cheap"].failing = False

    def test_1_background_trials_take_all_samples(self):
        seen = len(self.up.requests)
        number = self.next_number(hard=False)
        self.assert_reference(self.ask(number, seed=7), number)
        self.wait_calls(cheap=3)
        self.settle()
        asked = [r.json() for r in self.up.requests[seen:] if r.json()["model"] == "cheap"]
        self.assertEqual(sorted(request["temperature"] for request in asked), [0, 0.7, 0.7])
        for request in asked:
            self.assertNotIn("logprobs", request)
            self.assertEqual(request["seed"], 7 if request["temperature"] == 0 else None)
        self.assertEqual(self.reported()["unpriced"], 0)

    def test_2_what_samples_agree_on_is_served_and_what_they_do_not_is_not(self):
        self.teach()
        self.settle()
        before, owed = self.calls("cheap"), self.players["cheap"].nanos
        reply = self.asked_of_cheap()
        self.assertRegex(reply.header("x-weir-why"), r"100 % of samples agree, risk \S+ <= \S+")
        self.assertIsNone(reply.json()["choices"][0].get("logprobs"))
        row = self.weir.row(reply)
        self.assertEqual([a["outcome"] for a in row["attempts"]], ["served"])
        hard = 0
        for _ in range(10):
            number = self.next_number(hard=True)
            reply = self.ask(number)
            self.assert_reference(reply, number)
            hard += "fake/cheap: 0 % of samples agree, risk" in reply.header("x-weir-why")
        self.assertGreater(hard, 5)
        self.settle()
        self.assertEqual((self.calls("cheap") - before) % 3, 0)
        self.assertGreater(self.players["cheap"].nanos, owed)
        self.assertEqual(self.reported()["unpriced"], 0)

    def test_3_the_cost_of_all_samples_is_the_attempts(self):
        self.settle()
        number = self.next_number(hard=False)
        while True:
            reply = self.ask(number)
            if reply.header("x-weir-tier") == "model":
                break
            number = self.next_number(hard=False)
        row = self.weir.row(reply)
        _, _, (tokens_in, cached, out) = Player("cheap", cheap_rule).answer_for(
            {"messages": [{"content": "Review %d" % number}]}
        )
        fresh, hit, output = (Decimal(price) for price in PRICES["cheap"])
        one = ((tokens_in - cached) * fresh + cached * hit + out * output) * 1000
        self.assertEqual(nanos(row["cost_usd"]), 3 * int(one.to_integral_value("ROUND_HALF_UP")))

    def test_4_samples_that_fail_do_not_agree(self):
        self.settle()
        self.players["cheap"].failing = True
        for _ in range(10):
            number = self.next_number(hard=False)
            reply = self.ask(number)
            self.assert_reference(reply, number)
            if "samples agree" in reply.header("x-weir-why"):
                self.assertIn("fake/cheap: 0 % of samples agree", reply.header("x-weir-why"))
                break
        else:
            self.fail("the tier was never asked")
        self.settle()


class Verifier(Player):
    """Knows what is hard: asked about its own answer it is sure of the easy ones alone."""

    def __init__(self):
        super().__init__("cheap", cheap_rule)
        self.tells = True
        self.questions = 0

    def __call__(self, exchange):
        request = exchange.seen.json()
        if not request["messages"][-1]["content"].endswith("Reply with True or False."):
            assert "logprobs" not in request, request
            return super().__call__(exchange)
        assert (request["max_tokens"], request["temperature"], request["top_logprobs"]) == (1, 0, 5), request
        material = json.loads(request["messages"][-1]["content"].split("\n\n")[0])
        number = number_of({"messages": [{"content": material["question"]}]})
        sure = math.log(0.55 if is_hard(number) else 0.98)
        doubt = math.log(0.45 if is_hard(number) else 0.02)
        top = [{"token": "True", "logprob": sure}, {"token": " False", "logprob": doubt}]
        logprobs = [{"token": "True", "logprob": sure, "bytes": [], "top_logprobs": top}]
        tokens_in, cached, out = 61, 0, 1
        fresh, hit, output = self.price
        picos = round((tokens_in * fresh + out * output) * 1_000_000)
        with self.lock:
            self.questions += 1
            self.nanos += (picos + 500) // 1000
        usage = upstream.usage_of(tokens_in, out, cached)
        return upstream.body(
            upstream.chat_body("True", None, usage, logprobs if self.tells else None, "length")
        )(exchange)


class Verified(LearnedCase):
    tiers = [{"model": "fake/cheap", "verify": True}]

    def setUp(self):
        super().setUp()
        if not isinstance(self.players["cheap"], Verifier):
            type(self).players["cheap"] = Verifier()
            self.up.by_model = dict(self.players)
        self.players["cheap"].tells = True

    def test_1_background_trials_ask_about_the_answer(self):
        number = self.next_number(hard=False)
        self.assert_reference(self.ask(number), number)
        self.wait_calls(cheap=1)
        self.settle()
        self.assertEqual(self.players["cheap"].questions, 1)
        self.assertEqual(self.reported()["unpriced"], 0)

    def test_2_what_the_model_is_sure_of_is_served(self):
        self.teach()
        reply = self.asked_of_cheap()
        self.assertRegex(reply.header("x-weir-why"), r"P\(true\) 0.98, risk \S+ <= \S+")
        row = self.weir.row(reply)
        self.assertEqual([a["outcome"] for a in row["attempts"]], ["served"])
        fresh, _, output = PRICES["cheap"]
        self.assertGreater(nanos(row["cost_usd"]), int((61 * fresh + output) * 1000))
        asked = 0
        for _ in range(10):
            number = self.next_number(hard=True)
            reply = self.ask(number)
            self.assert_reference(reply, number)
            asked += "P(true) 0.55, risk" in reply.header("x-weir-why")
        self.assertGreater(asked, 5)
        self.settle()
        self.assertEqual(self.players["cheap"].questions, self.calls("cheap"))
        self.assertEqual(self.reported()["unpriced"], 0)

    def test_3_a_model_that_does_not_tell_gives_no_evidence(self):
        self.settle()
        self.players["cheap"].tells = False
        for _ in range(20):
            why = self.ask(self.next_number(hard=False)).header("x-weir-why")
            if "risk" in why:
                self.assertNotIn("P(true)", why)
                break
        else:
            self.fail("the tier was never asked")
        self.settle()


if __name__ == "__main__":
    unittest.main()

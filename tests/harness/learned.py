"""Cascades that learn their gates, as tests play them. Four models: `hopeless` is the cheapest and always wrong, `cheap` is
wrong where it is in doubt, `mid` seldom is, `big` is the reference."""

import itertools
import re
from decimal import Decimal

from harness import upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import PATIENCE, nanos, simple

PRICES = {
    "hopeless": (Decimal("0.05"), Decimal("0.05"), Decimal("0.2")),
    "cheap": (Decimal("0.15"), Decimal("0.075"), Decimal("0.6")),
    "mid": (Decimal("0.9"), Decimal("0.9"), Decimal("0.9")),
    "big": (Decimal("2.5"), Decimal("1.25"), Decimal("10")),
    "judge": (Decimal("0.15"), Decimal("0.15"), Decimal("0.6")),
}
LABELS = ("positive", "negative")
SURE, DOUBTFUL = -0.0000001, -0.9
ENOUGH = 400  # requests within which a task is in service: 150 trials, and what is under way meanwhile


def number_of(request):
    return int(re.search(r"\d+", request["messages"][-1]["content"])[0])


def is_hard(number):
    return number % 5 == 0


def right(number):
    return LABELS[(number * 7919) % 11 % 2]


def wrong(number):
    return LABELS[1 - LABELS.index(right(number))]


class Player(upstream.Model):
    """Odd token counts, so that a rounding error would show."""

    def __init__(self, name, rule):
        super().__init__(price=PRICES[name])
        self.rule = rule  # number -> (text, log-probability)

    def answer_for(self, request):
        number = number_of(request)
        text, logprob = self.rule(number)
        return text, logprob, (41 + number % 13, number % 7, 1 + number % 3)


def cheap_rule(number):
    return (wrong(number), DOUBTFUL) if is_hard(number) else (right(number), SURE)


def mid_rule(number):
    return (wrong(number), DOUBTFUL) if number % 25 == 0 else (right(number), SURE)


class LearnedCase(GatewayCase):
    tiers = ["fake/cheap"]
    promise = {"disagreement": "10%", "confidence": "90%"}
    mode = "serve"
    more = {}

    @classmethod
    def config(cls):
        config = simple(cls.up, mode=cls.mode, tiers=cls.tiers)
        config["models"] = {
            "fake/" + name: {"price": {"input": p[0], "cached_input": p[1], "output": p[2]}}
            for name, p in PRICES.items()
        }
        cascade = config["cascades"]["default"]
        cascade.update({"match": {"model": ["big"]}, "promise": cls.promise})
        config.update(cls.more)
        return config

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.players = {
            "hopeless": Player("hopeless", lambda number: (wrong(number), SURE)),
            "cheap": Player("cheap", cheap_rule),
            "mid": Player("mid", mid_rule),
            "big": Player("big", lambda number: (right(number), SURE)),
        }
        cls.numbers = itertools.count(1)

    def setUp(self):
        super().setUp()
        self.up.by_model = dict(self.players)

    def ask(self, number=None, headers=(), task="reviews", **members):
        number = next(self.numbers) if number is None else number
        messages = [
            {"role": "system", "content": "Is the review positive or negative? " + task},
            {"role": "user", "content": "Review %d" % number},
        ]
        body = dict({"model": "big", "messages": messages, "temperature": 0}, **members)
        return self.weir.chat(body, [("x-weir-debug", "1"), *headers])

    def next_number(self, hard):
        return next(number for number in self.numbers if is_hard(number) == hard)

    def teach(self, most=ENOUGH, **how):
        """Asks until a tier serves; the number of requests that took."""
        for count in range(most):
            reply = self.ask(**how)
            self.assertEqual(reply.status, 200, reply)
            if reply.header("x-weir-tier") == "model":
                return count
        self.fail("no tier in service after %d requests; log:\n%s" % (most, self.weir.log))

    def metric(self, name, **labels):
        return self.weir.metric(name, **labels)

    def calls(self, name):
        return self.players[name].calls

    def wait_calls(self, **expected):
        wait_for(
            lambda: {name: self.calls(name) for name in expected} == expected, 5 * PATIENCE, "calls to be %s" % expected
        )

    def owed(self):
        return sum(player.nanos for player in self.players.values())

    def settle(self):
        """Until nothing is under way any more: the gateway's books say what its provider's do."""
        wait_for(
            lambda: nanos(self.metric("cost_usd_total")) == self.owed(),
            10 * PATIENCE,
            "the gateway's costs to be the provider's",
        )

    def reported(self):
        """The report's total, which must come to be the provider's count."""
        self.settle()

        def equal():
            total = self.weir.report()["total"]
            return total if nanos(total["cost_usd"]) == self.owed() else None

        return wait_for(equal, 5 * PATIENCE, "the report to be the provider's count")

    def assert_reference(self, reply, number):
        self.assert_answers(reply, right(number))
        self.assertEqual((reply.header("x-weir-tier"), reply.header("x-weir-model")), ("reference", "fake/big"))

    def assert_cheap(self, reply, number):
        self.assert_answers(reply, cheap_rule(number)[0])
        self.assertEqual((reply.header("x-weir-tier"), reply.header("x-weir-model")), ("model", "fake/cheap"))

    def asked_of_cheap(self, headers=(), **members):
        """A reply to an easy question that was not held out."""
        for _ in range(20):
            number = self.next_number(hard=False)
            reply = self.ask(number, headers, **members)
            if "held out" not in reply.header("x-weir-why", ""):
                self.assert_cheap(reply, number)
                return reply
        self.fail("held out twenty times in a row")

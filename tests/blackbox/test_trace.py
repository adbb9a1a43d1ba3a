"""Why a request was answered as it was: `trace` in /api/requests/{id}, /api/requests and /api/requests/live, whoever
answered, beside x-weir-why, which comes from the same steps."""

from harness import upstream
from harness.case import GatewayCase
from harness.gateway import SMALL_TIER, nanos, simple
from harness.upstream import error

LARGE_PRICE = (2.5, 1.25, 10)
VERDICTS = {"served", "refused", "declined", "failed", "skipped", "asked"}


class TraceCase(GatewayCase):
    def setUp(self):
        super().setUp()
        self.small = upstream.Model("Small.", logprob=-0.02, tokens=(100, 0, 4), price=(0.15, 0.075, 0.6))
        self.large = upstream.Model("Large.", tokens=(100, 0, 6), price=LARGE_PRICE)
        self.up.by_model = {"small": self.small, "gpt-4o": self.large}

    def ask(self, text=None, headers=(), **members):
        messages = [{"role": "user", "content": self.id() if text is None else text}]
        return self.weir.chat(headers=list(headers), messages=messages, **members)

    def trace(self, reply):
        steps = self.weir.row(reply)["trace"]
        for step in steps:
            self.assertIn(step["verdict"], VERDICTS)
            self.assertEqual(
                set(step) - {"tier", "verdict", "said", "score", "needed", "cost_usd", "latency_us", "budget"}, set(), step
            )
        return steps

    def line(self, reply):
        return [(step["tier"], step["verdict"], step.get("said", "")) for step in self.trace(reply)]


class Tiers(TraceCase):
    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=["exact", "semantic", SMALL_TIER])
        config["cascades"]["default"]["cache"] = {"ttl": "30d", "semantic": {"audit": "0%"}}
        config["cascades"]["default"]["tier_rest"] = "0s"
        return config

    def test_semantic_refused_then_small_served(self):
        self.ask("Is 15 a prime number?")
        reply = self.ask("Is 51 a prime number?", [("x-weir-debug", "1")])
        self.assert_answers(reply, "Small.")
        exact, semantic, small = self.trace(reply)
        self.assertEqual((exact["tier"], exact["verdict"], exact["said"]), ("exact", "declined", "miss"))
        self.assertEqual(
            (semantic["tier"], semantic["verdict"], semantic["said"]), ("semantic", "refused", "number 15 against 51")
        )
        self.assertTrue(0 < semantic["score"] <= 1, semantic)
        self.assertGreater(semantic["latency_us"], 0)
        self.assertNotIn("needed", semantic)
        self.assertEqual((small["tier"], small["verdict"], small["said"]), ("fake/small", "served", "log-prob"))
        self.assertEqual((float(small["score"]), float(small["needed"])), (-0.02, -0.125))
        self.assertEqual(nanos(small["cost_usd"]), 100 * 150 + 4 * 600)
        self.assertEqual(nanos(small["cost_usd"]), nanos(self.weir.row(reply)["cost_usd"]))
        self.assertRegex(
            reply.header("x-weir-why"),
            r"^exact: miss -> semantic: guards: numbers \(number 15 vs 51\) -> fake/small: log-prob -0.02 >= -0.1",
        )

    def test_numbers_of_a_question_are_in_no_file_but_small_ones(self):
        self.ask("Does the code 4711 open room 9?")
        reply = self.ask("Does the code 8150 open room 9?")
        self.assertIn(("semantic", "refused", "guards: numbers"), self.line(reply))

    def test_exact_hit(self):
        first = self.ask()
        reply = self.ask()
        self.assertEqual(reply.header("x-weir-cache"), "hit")
        self.assertEqual(self.line(reply), [("exact", "served", "same request")])
        self.assertEqual([step["tier"] for step in self.trace(first)], ["exact", "semantic", "fake/small"])

    def test_refused_by_its_gate_the_reference_answers(self):
        self.small.logprob = -0.5
        reply = self.ask()
        small, reference = self.trace(reply)[-2:]
        self.assertEqual((small["verdict"], small["score"], small["needed"]), ("refused", -0.5, -0.125))
        self.assertEqual((reference["tier"], reference["verdict"]), ("reference", "served"))
        self.assertEqual(nanos(reference["cost_usd"]), 100 * 2500 + 6 * 10000)

    def test_a_failed_tier(self):
        self.up.by_model["small"] = error(500, "broken")
        self.assertEqual(
            self.line(self.ask())[-2:], [("fake/small", "failed", "status 500"), ("reference", "served", "")]
        )
        self.up.by_model["small"] = upstream.Model("", logprob=-0.01)
        self.assertEqual(self.line(self.ask("Something else."))[-2], ("fake/small", "refused", "no answer: empty"))

    def test_not_looked_up_and_not_asked(self):
        told = self.line(self.ask(temperature=1))
        self.assertEqual(told[0], ("exact", "skipped", "not cacheable (temperature)"))
        told = self.line(self.ask("Something new.", [("x-weir-cache", "only")]))
        self.assertEqual(told[-1], ("fake/small", "skipped", "not asked"))

    def test_observe(self):
        self.ask()
        reply = self.ask(headers=[("x-weir-mode", "observe")])
        told = self.line(reply)
        self.assertEqual(told[0], ("exact", "asked", "same request"))
        self.assertEqual(told[-1], ("reference", "served", ""))
        self.assertIn(("fake/small", "skipped", "not asked"), told)

    def test_live_and_list_tell_the_same(self):
        start = self.weir.admin("/api/requests/live?after=0").json()["next"]
        reply = self.ask()
        self.weir.row(reply)  # it is settled
        one = self.weir.admin("/api/requests/" + reply.header("x-weir-request-id")).json()
        self.assertEqual(one["trace"][-1]["verdict"], "served")
        for path in ("/api/requests/live?after=%d" % start, "/api/requests?most=5"):
            found = [row for row in self.weir.admin(path).json()["requests"] if row["id"] == one["id"]]
            self.assertEqual([row["trace"] for row in found], [one["trace"]])

    def test_a_request_that_was_refused_has_an_empty_trace(self):
        self.assertEqual(self.trace(self.weir.ask("POST", "/v1/chat/completions", {"model": "gpt-4o"})), [])


class ReferenceAlone(TraceCase):
    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=[])
        config["providers"]["fake"]["retries"] = {"most": 2, "backoff": "1ms", "executed_too": False}
        return config

    def test_served(self):
        reply = self.ask()
        (step,) = self.trace(reply)
        self.assertEqual((step["tier"], step["verdict"]), ("reference", "served"))
        self.assertEqual(set(step), {"tier", "verdict", "cost_usd", "latency_us"})

    def test_asked_again(self):
        self.up.script(error(503, "overloaded"))
        self.assertEqual(
            self.line(self.ask()), [("reference", "failed", "status 503, asked again"), ("reference", "served", "")]
        )

    def test_failed(self):
        self.up.by_model = {"gpt-4o": error(400, "no")}
        self.assertEqual(self.line(self.ask()), [("reference", "failed", "status 400")])


class Budgets(TraceCase):
    @classmethod
    def config(cls):
        budgets = [{"name": "all", "limit_usd": 0.01, "window": "day"}]
        return simple(cls.up, mode="serve", tiers=["exact"], budgets=budgets)

    def test_spent(self):
        self.large.tokens = (1000, 0, 750)  # a cent
        self.ask("first")
        reply = self.ask("second")
        self.assertEqual(reply.status, 429, reply)
        # Caches are looked at before anything is spent.
        self.assertEqual(self.line(reply), [("exact", "declined", "miss"), ("budget", "refused", "spent")])
        self.assertEqual([step.get("budget") for step in self.trace(reply)], [None, "all"])
        self.assertEqual(self.line(self.ask("first")), [("exact", "served", "same request")])

"""What the dashboard reads of the ledger: sums and series, lines, and what is wrong with a question."""

from harness import upstream
from harness.case import GatewayCase
from harness.gateway import SMALL_TIER, nanos, simple

FOLDED_SUMS = ("cost_usd", "counterfactual_usd", "saved_usd")


class Views(GatewayCase):
    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact", SMALL_TIER])

    def setUp(self):
        super().setUp()
        self.up.by_model = {
            "small": upstream.Model("Small.", logprob=-0.5, tokens=(333, 11, 7), price=(0.15, 0.075, 0.6)),
            "gpt-4o": upstream.Model("Large.", tokens=(777, 123, 9), price=(2.5, 1.25, 10)),
        }

    def get(self, path, status=200):
        reply = self.weir.admin(path)
        self.assertEqual(reply.status, status, reply.body)
        return reply.json()

    def test_overview_and_spend_equal_the_report(self):
        replies = [self.weir.chat() for _ in range(4)]
        for reply in replies:
            self.weir.row(reply)
        total = self.weir.report()["total"]
        for since in ("1h", "24h", "40d"):
            told = self.get("/api/overview?since=" + since)
            self.assertTrue(told["complete"])
            for name in FOLDED_SUMS:
                self.assertEqual(nanos(told["total"][name]), nanos(total[name]), name)
                self.assertEqual(sum(nanos(step[name]) for step in told["series"]), nanos(total[name]))
            self.assertEqual(told["total"]["requests"], total["requests"])
            self.assertGreaterEqual(told["by_tier"]["exact"]["requests"], 1)
            steps = [step["at_unix_us"] for step in told["series"]]
            self.assertEqual({b - a for a, b in zip(steps, steps[1:])}, {told["step_us"]})
        for by in ("task", "model", "tenant", "tier", "day"):
            told = self.get("/api/spend?by=" + by)
            self.assertEqual(nanos(told["total"]["cost_usd"]), nanos(total["cost_usd"]))
            self.assertEqual(sum(line["requests"] for line in told["lines"]), total["requests"])
            expected = {line["key"]: nanos(line["cost_usd"]) for line in self.weir.report(by=by)["lines"]}
            self.assertEqual({line["key"]: nanos(line["cost_usd"]) for line in told["lines"]}, expected)
        task = self.get("/api/spend?by=task&most=1")["lines"][0]["task"]
        self.assertEqual(self.get("/api/overview?task=" + task)["total"]["requests"], total["requests"])
        self.assertEqual(self.get("/api/overview?tenant=nobody-of-that-name")["total"]["requests"], 0)

    def test_wrong_questions(self):
        for query, word in (
            ("since=yesterday", "since"),
            ("since_unix_us=5&until_unix_us=4", "before"),
            ("since_unix_us=0", "3660"),
            ("tier=best", "tier"),
            ("task=1", "hexadecimal"),
            ("colour=red", "colour"),
            ("since=%zz", "%"),
        ):
            self.assertIn(word, self.get("/api/overview?" + query, 400)["error"]["message"])
            self.assertIn(word, self.get("/api/spend?" + query, 400)["error"]["message"])
        self.get("/api/spend?most=0", 400)
        self.get("/api/spend?by=moon", 400)

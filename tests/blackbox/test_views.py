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
            percentiles = [told["total"]["latency_p%s_us" % p] for p in (50, 95, 99)]
            self.assertEqual(percentiles, sorted(percentiles))
            slowest = max(row["latency_us"] for row in self.get("/api/requests?since=1h")["requests"])
            self.assertAlmostEqual(percentiles[-1], slowest, delta=slowest / 16)
            self.assertIsNone(told["own"]["audit"]["latency_p50_us"])
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

    def pages(self, query):
        """Ids of all pages, and the rows."""
        rows, before = [], ""
        while True:
            told = self.get("/api/requests?" + query + before)
            rows += told["requests"]
            if told["next"] is None:
                return rows
            before = "&before=" + told["next"]

    def test_requests_newest_first_page_by_page(self):
        asked = [self.weir.chat(user="u%d" % n) for n in range(7)]
        wanted = [reply.header("x-weir-request-id") for reply in reversed(asked)]
        settled = {name: self.weir.row(name) for name in wanted}
        for most in (1, 3, 200):
            rows = self.pages("most=%d" % most)
            ids = [row["id"] for row in rows]
            self.assertEqual(ids, sorted(set(ids), reverse=True))  # no gaps, no repeats
            self.assertEqual([name for name in ids if name in settled], wanted)
        for row in rows:
            if row["id"] in settled:
                self.assertEqual(row.keys(), settled[row["id"]].keys())
                self.assertEqual(row["cost_usd"], float(settled[row["id"]]["cost_usd"]))
        self.assertEqual(len(self.get("/api/requests?most=2")["requests"]), 2)

    def test_requests_by_what_they_are(self):
        good = self.weir.row(self.weir.chat(user="good"))
        bad = self.weir.row(self.weir.ask("POST", "/v1/chat/completions", {"model": "no-such-model", "messages": []}))
        for query, has_good, has_bad in (
            ("status=ok", True, False),
            ("status=error", False, True),
            ("tier=" + (good["tier"] or "nobody"), True, False),
            ("tier=nobody", False, True),
            ("task=" + good["task"], True, False),
            ("cascade=" + good["cascade"], True, False),
            ("reference=" + good["reference"], True, False),
            ("tenant=nobody-of-that-name", False, False),
            ("purpose=judge", False, False),
            ("purpose=own", False, False),
            ("purpose=all", True, True),
            ("since_unix_us=0&until_unix_us=1000000", False, False),
        ):
            ids = [row["id"] for row in self.pages(query)]
            self.assertEqual((good["id"] in ids, bad["id"] in ids), (has_good, has_bad), query)

    def test_live(self):
        start = self.get("/api/requests/live?after=0")["next"]
        wanted = []
        for n in range(3):
            reply = self.weir.chat(user="live%d" % n)
            self.weir.row(reply)  # settled, in this order
            wanted.append(reply.header("x-weir-request-id"))
        told = self.get("/api/requests/live?after=%d" % start)
        self.assertEqual((told["next"], told["missed"]), (start + len(told["requests"]), 0))
        self.assertEqual([row["id"] for row in told["requests"] if row["id"] in wanted], wanted)
        self.assertEqual(self.weir.row(wanted[0]).keys(), told["requests"][-1].keys())
        self.assertEqual(self.get("/api/requests/live?after=%d" % told["next"])["requests"], [])
        for query in ("after=-1", "after=x", "since=1h"):
            self.get("/api/requests/live?" + query, 400)

    def test_wrong_questions_for_requests(self):
        for query in ("most=0", "most=201", "before=12", "status=503", "purpose=fun", "tier=best", "colour=red"):
            word = query.split("=")[0]
            self.assertIn(word, self.get("/api/requests?" + query, 400)["error"]["message"])

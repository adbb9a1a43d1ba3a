"""Budgets under attack: parallel, cancelled and streaming requests, a kill; what the ledger says was spent against the
limit. The arithmetic itself is proved in limits/budget_property_test.cpp."""

import concurrent.futures
import json
import os
import signal
import threading
import unittest

from harness import upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import PRICES, Gateway, simple

COST = 0.01  # dollars an answer, by tokens: (1000 in, 0 cached, n out) at PRICES


class BudgetCase(GatewayCase):
    budgets = [{"name": "all", "limit_usd": 0.5, "window": "day"}]

    def gateway(self, budgets=None, **more):
        config = simple(self.up, reactors=2, budgets=budgets or self.budgets, **more)
        gateway = Gateway(config, env=self.env)
        self.addCleanup(gateway.__exit__)
        return gateway.start()

    def setUp(self):
        super().setUp()
        fresh, _, output = PRICES["gpt-4o"]
        fresh, output = float(fresh), float(output)
        self.tokens = (1000, 0, round((COST * 1e6 - 1000 * fresh) / output))
        self.cost = (1000 * fresh + self.tokens[2] * output) / 1e6
        self.up.answer = upstream.Model(tokens=self.tokens, price=PRICES["gpt-4o"])

    def budget(self, gateway, name="all"):
        for one in gateway.admin("/api/budgets").json()["budgets"]:
            if one["name"] == name:
                return one
        self.fail("no budget " + name)

    @staticmethod
    def on_disk(gateway):
        """Dollars that a kill would not forget."""
        with open(os.path.join(gateway.data, "budgets.jsonl"), encoding="utf-8") as file:
            return sum(json.loads(line).get("charged_nano_usd", 0) for line in file) / 1e9

    def settled(self, gateway, name="all"):
        wait_for(lambda: self.budget(gateway, name)["under_way"] == 0)
        return self.budget(gateway, name)

    def use_up(self, gateway, most=500, workers=32):
        """Asks in parallel until it is spent; how many were answered."""
        answered, spent = [], threading.Event()

        def one(_):
            while not spent.is_set():
                reply = gateway.chat()
                if reply.status == 200:
                    answered.append(reply)
                    return
                self.assertEqual(reply.status, 429, reply)
                if "is spent" in reply.json()["error"]["message"]:
                    spent.set()

        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            list(pool.map(one, range(most)))
        self.assertTrue(spent.is_set())
        return len(answered)


class Parallel(BudgetCase):
    def test_at_most_a_reserve_too_much_and_95_percent_of_use(self):
        weir = self.gateway()
        answered = self.use_up(weir)
        now = self.settled(weir)
        spent = now["spent_usd"]
        self.assertAlmostEqual(spent, answered * self.cost, places=6)
        self.assertLessEqual(spent, 0.5 + self.cost * 1.19)
        self.assertGreaterEqual(spent, 0.95 * 0.5)
        self.assertEqual(now["state"] in ("spent", "near"), True)
        self.assertEqual(now["reserved_usd"], 0)

    def test_what_a_refused_caller_is_told(self):
        weir = self.gateway([{"name": "tiny", "limit_usd": 0.0001, "window": "hour"}])
        self.assertEqual(weir.chat().status, 200)  # the first guess is not above the limit by much
        self.settled(weir, "tiny")
        reply = weir.chat()
        self.assert_error(reply, 429, ["tiny", "is spent", "begins anew"], code="budget_exceeded")
        self.assertTrue(1 <= int(reply.header("retry-after")) <= 3600)
        metrics = weir.admin("/metrics").body.decode()
        self.assertIn('weir_budget_refused_total{budget="tiny",of=""} 1', metrics)

    def test_what_is_expected_of_it(self):
        weir = self.gateway([{"name": "all", "limit_usd": 5, "window": "day"}, {"name": "last", "limit_usd": 5, "window": "week", "rolling": True}])
        weir.row(weir.chat())
        self.settled(weir)
        for name in ("all", "last"):
            budget = self.budget(weir, name)
            told = budget["forecast"]
            self.assertEqual(told["basis"], "too little history")
            self.assertIsNone(told["chance_over"])
            self.assertGreaterEqual(told["high_usd"], told["expected_usd"])
        budget = self.budget(weir)
        self.assertEqual(budget["forecast"]["end_unix_us"], budget["window_end_unix_us"])
        self.assertGreaterEqual(budget["forecast"]["low_usd"], budget["spent_usd"])

    def test_the_report_tells_of_budgets_running_and_stopped(self):
        weir = self.gateway([{"name": "all", "limit_usd": 5, "window": "day"}, {"name": "teams", "of": {"each": "tenant"}, "limit_usd": 5, "window": "week", "rolling": True}])
        for _ in range(3):
            self.assert_answers(weir.chat())
        total = weir.report_total(3)
        for _ in ("running", "stopped"):
            told = weir.report()
            self.assertEqual(told["budgets_in_all"], 2)
            for line in told["budgets"]:
                self.assertEqual(line["spent_usd"], total["cost_usd"], line)
                self.assertGreaterEqual(float(line["expected_usd"]), 0)
            self.assertEqual([line["whose"] for line in told["budgets"] if line["name"] == "teams"], ["default"])
            self.assertIn("tenant default", weir.report_text())
            if weir.process is not None:
                weir.stop()

    def test_failures_cost_nothing(self):
        weir = self.gateway()
        self.up.answer = upstream.error(500, "no")
        for _ in range(3):
            weir.chat()
        self.assertEqual(self.settled(weir)["spent_usd"], 0)


class Durable(BudgetCase):
    def test_a_stop_forgets_nothing(self):
        weir = self.gateway()
        for _ in range(5):
            self.assert_answers(weir.chat())
        before = self.settled(weir)["spent_usd"]
        weir.stop()
        weir.start()
        self.assertEqual(self.budget(weir)["spent_usd"], before)

    def test_a_kill_forgets_nothing_and_refills_nothing(self):
        weir = self.gateway()
        total = 0
        for _ in range(3):
            for _ in range(6):
                self.assert_answers(weir.chat())
                total += 1
            # What a body costs beyond its reserve is written a moment after its end.
            wait_for(lambda: self.on_disk(weir) >= total * self.cost - 1e-9)
            weir.kill()
            weir.start()
            spent = float(self.budget(weir)["spent_usd"])
            self.assertGreaterEqual(spent + 1e-9, total * self.cost)
            # No more than what was leased: a 200th of the limit, or a few reserves.
            self.assertLessEqual(spent, total * self.cost + 0.15)
        total += self.use_up(weir)
        self.assertLessEqual(total * self.cost, 0.5 + 1.19 * self.cost)


class Without(GatewayCase):
    def test_no_budgets_no_file_no_families(self):
        gateway = Gateway(simple(self.up), env=self.env)
        self.addCleanup(gateway.__exit__)
        gateway.start()
        self.assert_answers(gateway.chat())
        self.assertEqual(gateway.admin("/api/budgets").json(), {"budgets": [], "count": 0})
        self.assertNotIn("weir_budget_", gateway.admin("/metrics").body.decode())
        gateway.stop()
        self.assertNotIn("budgets.jsonl", os.listdir(gateway.data))


class Whose(BudgetCase):
    def test_one_for_each_model_and_caches_go_on(self):
        weir = self.gateway(
            [{"name": "each", "of": {"each": "model"}, "limit_usd": 0.0001, "window": "day"}],
            tiers=["exact"],
            mode="serve",
        )
        self.assertEqual(weir.chat().status, 200)
        self.settled(weir, "each")
        other = weir.chat(messages=[{"role": "user", "content": "Another?"}])
        self.assert_error(other, 429, code="budget_exceeded")
        self.assertEqual(weir.chat().header("x-weir-cache"), "hit")
        self.assertEqual(weir.chat(model="fake/small").status, 200)

    def test_a_soft_one_warns_only(self):
        weir = self.gateway([{"name": "soft", "limit_usd": 0.0001, "window": "day", "hard": False}])
        for _ in range(3):
            self.assert_answers(weir.chat())
        self.assertEqual(self.settled(weir, "soft")["state"], "spent")


class Streams(BudgetCase):
    def test_one_that_outgrows_it_is_cut_as_by_length(self):
        weir = self.gateway([{"name": "cut", "limit_usd": 0.004, "window": "day", "outgrow": "cut"}])
        self.up.answer = upstream.Model(text="word " * 5000, price=PRICES["gpt-4o"])
        reply = weir.chat(stream=True)
        self.assertEqual(reply.status, 200)
        text = reply.body.decode()
        self.assertIn('"finish_reason":"length"', text)
        self.assertTrue(text.endswith("data: [DONE]\n\n"))
        self.assertLess(float(self.settled(weir, "cut")["spent_usd"]), 0.004 + 0.0027 + 0.004)  # its reserve, and one read
        self.assertIn(("refused", "cut"), [(step["verdict"], step.get("budget")) for step in weir.row(reply)["trace"]])

    def test_messages_are_told_in_their_own_words(self):
        weir = self.gateway([{"name": "cut", "limit_usd": 0.004, "window": "day", "outgrow": "cut"}])
        self.up.answer = upstream.Model(text="word " * 5000, price=PRICES["gpt-4o"])
        asked = {"model": "gpt-4o", "max_tokens": 9999, "messages": [{"role": "user", "content": "Go on."}]}
        reply = weir.ask("POST", "/v1/messages", dict(asked, stream=True))
        self.assertEqual(reply.status, 200)
        self.assertIn('"stop_reason":"max_tokens"', reply.body.decode())
        self.assertIn("message_stop", reply.body.decode())
        self.settled(weir, "cut")
        again = weir.ask("POST", "/v1/messages", asked)
        self.assertEqual((again.status, again.error["type"]), (429, "rate_limit_error"), again)

    def test_one_that_may_go_on_is_whole(self):
        weir = self.gateway([{"name": "extend", "limit_usd": 0.004, "window": "day"}])
        self.up.answer = upstream.Model(text="word " * 5000, price=PRICES["gpt-4o"])
        self.assertIn('"finish_reason": "stop"', weir.chat(stream=True).body.decode())
        self.assertAlmostEqual(self.settled(weir, "extend")["spent_usd"], self.up.answer.nanos / 1e9, places=6)


class Actions(BudgetCase):
    def test_cheaper_models_answer_from_80_percent_on(self):
        config = simple(self.up, budgets=[{"name": "low", "limit_usd": 0.0115, "window": "day", "at_80": "downgrade"}])
        config["models"]["fake/gpt-4o"]["fallbacks"] = ["fake/small"]
        weir = Gateway(config, env=self.env)
        self.addCleanup(weir.__exit__)
        weir.start()
        self.assertIsNone(weir.chat().header("x-weir-budget"))
        self.settled(weir, "low")
        reply = weir.chat(headers=[("x-weir-debug", "1")])
        self.assertEqual(reply.status, 200, reply)
        self.assertEqual(reply.header("x-weir-budget"), "downgraded; budget=low")
        step = weir.row(reply)["trace"][0]
        self.assertEqual((step["tier"], step["verdict"], step["budget"]), ("budget", "asked", "low"), step)
        self.assertIn("budget: 'low': cheaper models are asked first", reply.header("x-weir-why"))
        self.assertEqual(self.up.requests[-1].model, "small")

    def test_one_waits_for_room(self):
        weir = self.gateway(
            [{"name": "q", "limit_usd": 0.0001, "window": "day", "at_100": "queue", "queue_for": "30s"}]
        )
        release = threading.Event()
        self.addCleanup(release.set)
        self.up.answer = upstream.held(release, upstream.error(400, "no"))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            first = pool.submit(weir.chat)
            self.up.wait_requests(1)
            self.up.answer = upstream.Model(tokens=self.tokens, price=PRICES["gpt-4o"])
            second = pool.submit(weir.chat, messages=[{"role": "user", "content": "After you."}])
            wait_for(lambda: self.weir_has(weir, 2))
            release.set()
            self.assertEqual(first.result().status, 400)
            self.assertEqual(second.result().status, 200)

    @staticmethod
    def weir_has(weir, requests):
        return weir.metric("requests_active") == requests

    def test_a_reload_raises_the_limit_and_refills_nothing(self):
        weir = self.gateway([{"name": "all", "limit_usd": 0.0001, "window": "day"}])
        self.assert_answers(weir.chat())
        spent = self.settled(weir)["spent_usd"]
        self.assertEqual(weir.chat().status, 429)
        weir.write(simple(self.up, reactors=2, budgets=[{"name": "all", "limit_usd": 1, "window": "day"}]))
        weir.signal(signal.SIGHUP)
        wait_for(lambda: self.budget(weir)["limit_usd"] == 1)
        self.assertEqual(self.budget(weir)["spent_usd"], spent)
        wait_for(lambda: weir.chat().status == 200)

    def test_a_caller_that_leaves_holds_nothing(self):
        weir = self.gateway()
        release = threading.Event()
        self.addCleanup(release.set)
        self.up.answer = upstream.held(release, upstream.error(500, "no"))
        line = weir.connect()
        body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hm?"}]}).encode()
        head = "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        line.sock.sendall((head + "content-length: %d\r\n\r\n" % len(body)).encode() + body)
        wait_for(lambda: self.budget(weir)["under_way"] == 1)
        line.sock.close()
        now = self.settled(weir)
        self.assertEqual(now["reserved_usd"], 0)
        self.assertGreater(now["spent_usd"], 0)  # nobody knows what it cost: the reserve


if __name__ == "__main__":
    unittest.main()

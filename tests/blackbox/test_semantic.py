"""The semantic tier through HTTP: what asks the same is answered, what asks something else never is."""

import json
import unittest

from harness import client, upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import PATIENCE, nanos, simple

KEYS = {"KEY_ACME": "sk-test-acme-0001", "KEY_BIRCH": "sk-test-birch-001"}


class Semantic(GatewayCase):
    env = KEYS

    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=["exact", "semantic"])
        config["cascades"]["default"]["cache"] = {"ttl": "30d", "semantic": {"audit": "0%"}}
        config["keys"] = [{"key": "${KEY_ACME}", "tenant": "acme"}, {"key": "${KEY_BIRCH}", "tenant": "birch"}]
        return config

    def setUp(self):
        super().setUp()
        self.up.answer = upstream.Model(
            lambda request: "About: " + request["messages"][-1]["content"], tokens=(100, 0, 5), price=(2.5, 1.25, 10)
        )

    def ask(self, text, tenant="acme", system="Be brief.", headers=(), history=(), **members):
        # Every test has a partition of its own.
        messages = [{"role": "system", "content": system + " " + self.id()}, *history, {"role": "user", "content": text}]
        key = [("Authorization", "Bearer " + KEYS["KEY_" + tenant.upper()]), ("x-weir-debug", "1")]
        body = dict({"model": "gpt-4o", "messages": messages, "temperature": 0}, **members)
        return self.weir.chat(body, key + list(headers))

    def assert_served_for(self, reply, original):
        self.assertEqual(reply.header("x-weir-cache"), "semantic-hit", reply)
        self.assertEqual(reply.header("x-weir-tier"), "semantic")
        self.assert_answers(reply, "About: " + original)

    def assert_miss(self, reply, text):
        self.assertIn(reply.header("x-weir-cache"), ("miss", "refresh"), reply)
        self.assert_answers(reply, "About: " + text)

    def test_another_wording_is_a_hit_at_no_cost(self):
        first = self.ask("How do I reverse a list in Python?")
        second = self.ask("How can I reverse a list in Python, please?")
        self.assert_served_for(second, "How do I reverse a list in Python?")
        self.assertEqual(nanos(second.header("x-weir-cost-usd")), 0)
        self.assertEqual(nanos(second.header("x-weir-saved-usd")), nanos(first.header("x-weir-cost-usd")))
        self.assertIn("explained", second.header("x-weir-why"))
        row = self.weir.row(second)
        self.assertEqual((row["tier"], row["purpose"]), ("semantic", "request"))

    def test_body_and_stream_alike(self):
        self.ask("What is the capital of France?")
        reply = self.ask("what's the capital of France", stream=True)
        self.assert_served_for(reply, "What is the capital of France?")

    def test_what_asks_something_else_is_never_served(self):
        pairs = [
            ("Is 15 a prime number?", "Is 51 a prime number?"),
            ("How do I turn on the heating?", "How do I turn off the heating?"),
            ("Is it safe to eat raw eggs?", "Is it not safe to eat raw eggs?"),
            ("How far is it from Rome to Paris?", "How far is it from Rome to Madrid?"),
            ("Convert 5 miles to km", "Convert 5 kg to pounds"),
            ("Did Anna call Ben?", "Did Ben call Anna?"),
            ("What should I do before surgery?", "What should I do after surgery?"),
            ("How do I write a for loop in C?", "How do I write a for loop in C++?"),
            ("What does `a()` mean?", "What does `a[]` mean?"),
            ("Is Python 3.8 still supported?", "Is Python 3.11 still supported?"),
        ]
        for first, second in pairs:
            for a, b in ((first, second), (second, first)):
                with self.subTest(cached=a, asked=b):
                    system = "Partition " + a
                    self.ask(a, system=system)
                    self.assert_miss(self.ask(b, system=system), b)

    def test_hard_parts_of_the_partition(self):
        text, again = "How do I reverse a list in Python?", "How can I reverse a list in Python?"
        self.ask(text)
        history = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
        tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
        self.assert_miss(self.ask(again, tenant="birch"), again)
        self.assert_miss(self.ask(again, system="Be long."), again)
        self.assert_miss(self.ask(again, history=history), again)
        self.assert_miss(self.ask(again, seed=7), again)
        self.assert_miss(self.ask(again, max_tokens=5), again)
        self.assert_miss(self.ask(again, tools=[tool]), again)
        self.assert_miss(self.ask(again, response_format={"type": "json_object"}), again)
        self.assert_served_for(self.ask(again), text)

    def test_wishes_of_the_caller(self):
        text, again = "How do I boil an egg?", "How can I boil an egg?"
        self.ask(text)
        for headers in ([("x-weir-cache", "no-store")], [("Cache-Control", "no-store")]):
            reply = self.ask(again, headers=headers)
            self.assertEqual(reply.header("x-weir-cache"), "bypass")
        self.assert_served_for(self.ask(again, headers=[("x-weir-cache", "only")]), text)
        self.assert_served_for(self.ask(again, headers=[("Cache-Control", "max-age=1000")]), text)
        self.assert_error(self.ask(again, headers=[("x-weir-similarity", "2")]), 400, param="x-weir-similarity")
        self.assert_error(
            self.ask("How can I fry an egg?", headers=[("Cache-Control", "only-if-cached")]), 504, code="cache_miss"
        )
        self.assert_miss(self.ask(again, headers=[("Cache-Control", "no-cache")]), again)

    def post(self, target, document):
        return client.ask(self.weir.admin_port, "POST", target, document, [("Content-Type", "application/json")])

    def test_bad_feedback_takes_the_answer_out(self):
        text, again = "How do I clean a violin?", "How can I clean a violin?"
        self.ask(text)
        hit = self.ask(again)
        self.assert_served_for(hit, text)
        told = self.post("/v1/feedback", {"request_id": hit.header("x-weir-request-id"), "verdict": "bad"})
        self.assertEqual(told.status, 200, told)
        self.assert_miss(self.ask(again), again)
        self.assert_miss(self.ask(text, headers=[("x-weir-cache", "refresh")]), text)
        self.assertEqual(self.post("/v1/feedback", {"request_id": "0" * 16, "verdict": "bad"}).status, 404)

    def test_purges_reach_both_caches(self):
        text, again = "How do I fold a shirt?", "How can I fold a shirt?"
        for kind, headers, value in (
            ("tag", [("x-weir-tags", "laundry, home")], "laundry"),
            ("source", [("x-weir-source", "manual@v3")], "manual@v3"),
            ("writer", [("x-weir-user", "u-17")], "u-17"),
        ):
            with self.subTest(kind=kind):
                self.ask(text, system=kind, headers=headers)
                self.assertEqual(self.ask(text, system=kind).header("x-weir-cache"), "hit")
                self.assert_served_for(self.ask(again, system=kind), text)
                purged = self.post("/api/cache/purge", {kind: value})
                self.assertEqual(purged.status, 200, purged)
                self.assert_miss(self.ask(again, system=kind), again)
                self.assert_miss(self.ask(text, system=kind, headers=[("x-weir-cache", "refresh")]), text)

    def test_questions_outlive_a_restart(self):
        text, again = "How do I sharpen a knife?", "How can I sharpen a knife?"
        self.ask(text)
        self.assert_served_for(self.ask(again), text)
        self.weir.signal(15)
        self.weir.wait_exit()
        self.weir.start()
        wait_for(
            lambda: self.ask(again, headers=[("x-weir-cache", "only")]).status == 200, 5 * PATIENCE, "the entry's return"
        )
        self.assert_served_for(self.ask(again), text)

    def test_only_text_is_compared(self):
        parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:,1"}}]
        self.up.answer = upstream.Model("A cat.")
        self.assertEqual(self.ask(parts).header("x-weir-cache"), "miss")
        parts[1]["image_url"]["url"] = "data:,2"
        self.assertEqual(self.ask(parts).header("x-weir-cache"), "miss")


class Audits(GatewayCase):
    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=["exact", "semantic"])
        config["cascades"]["default"]["cache"] = {"semantic": {"audit": "100%"}}
        return config

    def test_an_audit_is_paid_for_in_a_row_of_its_own(self):
        self.up.answer = upstream.Model("Same.", tokens=(100, 0, 5), price=(2.5, 1.25, 10))
        ask = lambda text: self.weir.chat({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]})
        ask("How do I tie a tie?")
        hit = ask("How can I tie a tie?")
        self.assertEqual(hit.header("x-weir-cache"), "semantic-hit")
        self.up.wait_requests(2, 5 * PATIENCE)
        cost = 100 * 2500 + 5 * 10000
        for _ in range(200):
            total = self.weir.report()["total"]
            if nanos(total["cost_usd"]) == 2 * cost:
                break
        self.assertEqual(nanos(total["cost_usd"]), 2 * cost)
        self.assertEqual(total["requests"], 2)
        # What the hit saved went into its audit.
        self.assertEqual(nanos(total["saved_usd"]), 0)

    def test_the_answer_of_an_audit_is_kept_for_the_question_that_was_asked(self):
        self.up.answer = upstream.Model(lambda request: "About: " + request["messages"][-1]["content"])
        ask = lambda text: self.weir.chat({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]})
        ask("How do I iron a shirt?")
        self.assert_answers(ask("How can I iron a shirt?"), "About: How do I iron a shirt?")
        replies = (ask("How can I iron a shirt?") for _ in range(500))
        own = next(reply for reply in replies if reply.header("x-weir-cache") == "hit")
        self.assert_answers(own, "About: How can I iron a shirt?")


class Repeats(GatewayCase):
    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=["exact", "semantic"])
        config["cascades"]["default"]["cache"] = {"semantic": {"audit": "0.1%"}}
        return config

    def test_a_question_that_comes_again_and_again_gets_an_answer_of_its_own(self):
        self.up.answer = upstream.Model(lambda request: "About: " + request["messages"][-1]["content"])
        ask = lambda text: self.weir.chat({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]})
        ask("How do I iron a shirt?")
        for _ in range(6):
            ask("How can I iron a shirt?")
        self.up.wait_requests(2, 5 * PATIENCE)
        replies = (ask("How can I iron a shirt?") for _ in range(500))
        own = next(reply for reply in replies if reply.header("x-weir-cache") == "hit")
        self.assert_answers(own, "About: How can I iron a shirt?")


if __name__ == "__main__":
    unittest.main()

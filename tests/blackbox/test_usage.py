"""What providers tell of usage, and what the gateway makes of it: cost, headers, ledger, cache."""

import json
import unittest
from decimal import Decimal

from harness import upstream
from harness.case import GatewayCase
from harness.gateway import simple

# USD per million: gpt-4o of harness.gateway costs 2.5 in, 1.25 cached, 10 out.
DETAILS = {
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "total_tokens": 1100,
    "prompt_tokens_details": {"cached_tokens": 800},
}
LISTED = Decimal("0.0025")  # 200 x 2.5 + 800 x 1.25 + 100 x 10 millionths of a dollar


class Usage(GatewayCase):
    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=["exact"])
        config["models"]["fake/searcher"] = {"price": {"input": 1, "output": 1, "web_search": 10}}
        config["models"]["fake/long"] = {
            "price": {"input": 1, "output": 2, "above": {"tokens": 2000, "input": 3, "output": 4, "cached_input": 1}}
        }
        return config

    def ask(self, answer, text, model="gpt-4o", **members):
        self.up.answer = answer
        return self.weir.chat(model=model, messages=[{"role": "user", "content": text}], **members)

    def attempt(self, reply):
        row = self.weir.row(reply)
        return row, row["attempts"][-1]

    def test_the_last_chunk_has_choices_and_usage(self):
        events = upstream.chat_events("one two three")
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": DETAILS}
        events[-1:-1] = [b"data: " + json.dumps(last).encode() + b"\n\n"]
        for i, piece in enumerate((None, 1, 7)):
            row, attempt = self.attempt(self.ask(upstream.stream(events, piece=piece), "stream %d" % i, stream=True))
            self.assertEqual((attempt["input_uncached_tokens"], attempt["input_cached_tokens"]), (200, 800))
            self.assertEqual(Decimal(str(row["cost_usd"])), LISTED)

    def test_the_providers_word_is_the_cost_and_a_hit_saves_it(self):
        said = upstream.chat_body("two", usage=dict(DETAILS, cost=0.0021, is_byok=False))
        first = self.ask(upstream.body(said), "stated")
        self.assertEqual(first.header("x-weir-cost-usd"), "0.0021")
        row, attempt = self.attempt(first)
        self.assertIs(attempt["cost_stated"], True)
        self.assertEqual(Decimal(str(attempt["list_cost_usd"])), LISTED)
        self.assertEqual(Decimal(str(row["cost_usd"])), Decimal("0.0021"))
        hit = self.ask(upstream.error(500, "not to be asked"), "stated")
        self.assertEqual((hit.header("x-weir-cache"), hit.header("x-weir-cost-usd")), ("hit", "0"))
        self.assertEqual(hit.header("x-weir-saved-usd"), "0.0021")
        self.assertEqual(hit.json()["usage"], first.json()["usage"])  # nothing of it is lost

    def test_searches_cost_what_the_configuration_says_or_nothing_is_known(self):
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "server_tool_use": {"web_search_requests": 2}}
        answer = upstream.body(upstream.chat_body("two", usage=usage))
        found = self.ask(answer, "search", model="fake/searcher")
        self.assertEqual(found.header("x-weir-cost-usd"), "0.020015")
        self.assertEqual(self.attempt(found)[1]["web_searches"], 2)
        unknown = self.ask(answer, "search", model="fake/long")
        self.assertEqual(unknown.header("x-weir-cost-usd"), "unknown")
        row, attempt = self.attempt(unknown)
        self.assertEqual((row["cost_usd"], attempt["cost_usd"], attempt["web_searches"]), (None, None, 2))

    def test_a_long_prompt_costs_more_all_of_it(self):
        usage = {"prompt_tokens": 2001, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 2000}}
        reply = self.ask(upstream.body(upstream.chat_body("two", usage=usage)), "long", model="fake/long")
        self.assertEqual(reply.header("x-weir-cost-usd"), "0.002043")

    def test_the_tier_that_the_answer_names_is_told(self):
        said = dict(upstream.chat_body("two", usage=DETAILS), service_tier="flex")
        row, attempt = self.attempt(self.ask(upstream.body(said), "tier", service_tier="priority"))
        self.assertEqual(attempt["service_tier"], "flex")
        self.assertEqual(Decimal(str(row["cost_usd"])), LISTED)  # a price of the configuration holds for every tier


if __name__ == "__main__":
    unittest.main()

"""The exact cache: the very same request of the same tenant is answered from it, and no other."""

import json
import unittest

from harness import client, upstream
from harness.case import GatewayCase
from harness.gateway import nanos, simple

KEYS = {"KEY_ACME": "sk-test-acme-0001", "KEY_BIRCH": "sk-test-birch-001"}
PRICE = (2.5, 1.25, 10)


def bearer(tenant="acme"):
    return [("Authorization", "Bearer " + KEYS["KEY_" + tenant.upper()])]


class ExactCache(GatewayCase):
    env = KEYS

    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=["exact"])
        config["keys"] = [{"key": "${KEY_ACME}", "tenant": "acme"}, {"key": "${KEY_BIRCH}", "tenant": "birch"}]
        config["models"]["fake/gpt-4o-too"] = {"price": {"input": 2.5, "output": 10}}
        config["cascades"]["default"]["match"]["model"].append("gpt-4o-too")
        return config

    def setUp(self):
        super().setUp()
        self.up.answer = upstream.Model("Four, of course.", tokens=(100, 0, 5), price=PRICE)
        self.base = {"model": "gpt-4o", "messages": [{"role": "user", "content": "2 + 2? " + self.id()}]}

    def ask(self, body=None, tenant="acme", headers=(), **changes):
        return self.weir.chat(
            dict(body or self.base, **changes) if not isinstance(body, bytes) else body, bearer(tenant) + list(headers)
        )

    def assert_hit(self, reply, text="Four, of course."):
        self.assert_answers(reply, text)
        self.assertEqual((reply.header("x-weir-cache"), reply.header("x-weir-tier")), ("hit", "exact"))
        self.assertGreaterEqual(int(reply.header("age")), 0)

    def assert_miss(self, reply, word="miss", text="Four, of course."):
        self.assert_answers(reply, text)
        self.assertEqual((reply.header("x-weir-cache"), reply.header("x-weir-tier")), (word, "reference"))
        self.assertIsNone(reply.header("age"))

    def test_second_request_is_a_hit_at_no_cost(self):
        first, second = self.ask(), self.ask()
        self.assert_miss(first)
        self.assert_hit(second)
        self.assertEqual(second.body, first.body)
        self.assertEqual(len(self.up.requests), 1)
        self.assertEqual(second.header("x-weir-model"), "fake/gpt-4o")
        cost = 100 * 2500 + 5 * 10000
        self.assertEqual(nanos(first.header("x-weir-cost-usd")), cost)
        self.assertEqual(nanos(first.header("x-weir-saved-usd")), 0)
        self.assertEqual(nanos(second.header("x-weir-cost-usd")), 0)
        self.assertEqual(nanos(second.header("x-weir-saved-usd")), cost)
        row = self.weir.row(second)
        self.assertEqual((row["tier"], nanos(row["cost_usd"]), nanos(row["saved_usd"])), ("exact", 0, cost))

    def test_one_entry_serves_body_and_stream(self):
        self.assert_miss(self.ask())
        streamed = self.ask(stream=True)
        self.assert_hit(streamed)
        self.assertNotIn(b'"usage":{', streamed.body.replace(b" ", b""))
        with_usage = self.ask(stream=True, stream_options={"include_usage": True})
        self.assert_hit(with_usage)
        self.assertEqual(json.loads(with_usage.events[-2])["usage"]["prompt_tokens"], 100)
        for data in with_usage.events[:-1]:
            self.assertEqual(json.loads(data)["object"], "chat.completion.chunk")
        self.assertEqual(len(self.up.requests), 1)

    def test_a_stream_is_stored_and_served_as_body(self):
        self.assert_miss(self.ask(stream=True))
        body = self.ask()
        self.assert_hit(body)
        document = body.json()
        self.assertEqual(document["object"], "chat.completion")
        self.assertEqual(document["choices"][0]["finish_reason"], "stop")
        self.assertEqual(document["usage"]["completion_tokens"], 5, "usage was asked for on the cache's behalf")
        self.assertEqual(len(self.up.requests), 1)

    def test_tool_calls_in_a_stream_come_back_whole(self):
        base = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}

        def chunk(delta, finish=None):
            return upstream.event(dict(base, choices=[{"index": 0, "delta": delta, "finish_reason": finish}]))

        def call(index, **function):
            return dict(
                {"index": index, "function": function},
                **({"id": "call_%d" % index, "type": "function"} if "name" in function else {})
            )

        events = [
            chunk({"role": "assistant", "content": None}),
            chunk({"tool_calls": [call(0, name="add", arguments="")]}),
            chunk({"tool_calls": [call(0, arguments='{"a": ')]}),
            chunk({"tool_calls": [call(0, arguments="2}")]}),
            chunk({"tool_calls": [call(1, name="neg", arguments='{"b"')]}),
            chunk({"tool_calls": [call(1, arguments=":1}")]}),
            chunk({}, "tool_calls"),
            upstream.event(dict(base, choices=[], usage=upstream.usage_of(9, 9))),
            upstream.DONE,
        ]
        self.up.script(upstream.stream(events))
        tools = [
            {"type": "function", "function": {"name": n, "parameters": {"type": "object"}}} for n in ("add", "neg")
        ]
        self.assertEqual(self.ask(stream=True, tools=tools).status, 200)
        hit = self.ask(tools=tools)
        self.assertEqual(hit.header("x-weir-cache"), "hit")
        calls = hit.json()["choices"][0]["message"]["tool_calls"]
        self.assertEqual(
            [(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in calls],
            [("call_0", "add", '{"a": 2}'), ("call_1", "neg", '{"b":1}')],
        )

    def test_delivery_and_accounting_members_do_not_part_requests(self):
        self.assert_miss(self.ask())
        for name, value in (
            ("stream", False),
            ("stream_options", None),
            ("user", "u-1"),
            ("metadata", {"a": "b"}),
            ("store", False),
            ("service_tier", "auto"),
            ("prompt_cache_key", "k"),
            ("safety_identifier", "s"),
        ):
            with self.subTest(name):
                self.assert_hit(self.ask(**{name: value}))

    def test_white_space_and_order_do_not_part_requests(self):
        content = json.dumps(self.base["messages"][0]["content"]).encode()
        self.assert_miss(
            self.ask(b'{"model":"gpt-4o","messages":[{"role":"user","content":' + content + b'}],"seed":1}')
        )
        self.assert_hit(
            self.ask(
                b' {"seed" : 1,\n"messages": [ {"role":\t"user", "content": ' + content + b'} ],\r\n"model":"gpt-4o"}\n'
            )
        )

    def test_everything_else_parts_requests(self):
        self.assert_miss(self.ask(seed=1, tools=[], response_format={"type": "text"}))
        changed = [
            dict(seed=2),
            dict(tools=[{"type": "function", "function": {"name": "f"}}]),
            dict(tool_choice="none"),
            dict(tool_choice="required"),
            dict(response_format={"type": "json_object"}),
            dict(max_tokens=5),
            dict(max_completion_tokens=5),
            dict(top_p=0.5),
            dict(stop=["x"]),
            dict(temperature=0),
            dict(n=1),
            dict(logprobs=True),
            dict(reasoning_effort="low"),
            dict(frequency_penalty=1),
            dict(x_unknown=1),
            dict(logit_bias={"1": 1}),
            dict(verbosity="low"),
            dict(model="gpt-4o-too"),
        ]
        for change in changed:
            with self.subTest(**change):
                self.assert_miss(self.ask(**dict(dict(seed=1, tools=[], response_format={"type": "text"}), **change)))
        text = self.base["messages"][0]["content"]
        for messages in (
            [{"role": "user", "content": text + " "}],
            [{"role": "user", "content": text.upper()}],
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}],
            [{"role": "developer", "content": text}],
            [{"role": "user", "content": text, "name": "bob"}],
            [{"role": "user", "content": [{"type": "text", "text": text}]}],
        ):
            with self.subTest(messages=messages):
                self.assert_miss(self.ask(messages=messages))
        self.assert_hit(self.ask(seed=1, tools=[], response_format={"type": "text"}))

    def test_tenants_share_nothing(self):
        self.assert_miss(self.ask(tenant="acme"))
        self.assert_miss(self.ask(tenant="birch"))
        self.assert_hit(self.ask(tenant="acme"))
        self.assert_hit(self.ask(tenant="birch"))
        self.assertEqual(len(self.up.requests), 2)

    def test_temperature(self):
        for temperature, cached in ((0, True), (0.0, True), (None, True), (0.7, False), (1, False), (1e-9, False)):
            with self.subTest(temperature=temperature):
                body = dict(self.base, temperature=temperature)
                self.ask(body)
                second = self.ask(body)
                self.assertEqual(second.header("x-weir-tier"), "exact" if cached else "reference")
                if not cached:
                    self.assertEqual(second.header("x-weir-cache"), "bypass")

    def test_only_complete_successful_answers_are_stored(self):
        whole = upstream.chat_body("Four, of course.", usage=upstream.usage_of(1, 1))
        bad = {
            "length": upstream.Model("Fo", finish="length"),
            "filtered": upstream.Model("", finish="content_filter"),
            "refused": upstream.Model(message={"role": "assistant", "content": None, "refusal": "I can't."}),
            "empty": upstream.Model(message={"role": "assistant", "content": None}),
            "error": upstream.error(500, "boom"),
            "limited": upstream.error(429, "slow down"),
            "truncated": upstream.body(whole, cut=50),
        }
        for name, answer in bad.items():
            for stream in (False, True):
                if stream and name not in ("length", "filtered"):
                    continue
                with self.subTest(name, stream=stream):
                    body = dict(self.base, seed=hash(name) % 1000, stop=[str(stream)])
                    self.up.script(answer)
                    self.ask(body, stream=stream)
                    self.assert_miss(self.ask(body))

    def test_a_cut_stream_is_not_stored(self):
        events = upstream.chat_events("Four, of course.", usage=upstream.usage_of(1, 1))
        for name, answer in {
            "no [DONE]": upstream.stream(events[:-1]),
            "cut": upstream.stream(events, cut=300),
        }.items():
            with self.subTest(name):
                body = dict(self.base, stop=[name])
                self.up.script(answer)
                self.ask(body, stream=True)
                self.assert_miss(self.ask(body))

    def test_no_store(self):
        self.assert_miss(self.ask(headers=[("x-weir-cache", "no-store")]), "bypass")
        self.assert_miss(self.ask())
        self.assert_hit(self.ask())

    def test_refresh(self):
        self.assert_miss(self.ask())
        self.up.answer = upstream.Model("Still four.")
        self.assert_miss(self.ask(headers=[("x-weir-cache", "refresh")]), "refresh", "Still four.")
        self.assert_hit(self.ask(), "Still four.")
        self.assertEqual(len(self.up.requests), 2)

    def test_only(self):
        refused = self.ask(headers=[("x-weir-cache", "only")])
        self.assertGreaterEqual(refused.status, 400)
        self.assertTrue(refused.error["message"])
        self.assertEqual(self.up.requests, [])
        self.assert_miss(self.ask())
        self.assert_hit(self.ask(headers=[("x-weir-cache", "only")]))

    def test_unknown_cache_word_is_refused(self):
        self.assert_error(self.ask(headers=[("x-weir-cache", "sometimes")]), 400, "x-weir-cache")

    def test_entry_outlives_a_restart(self):
        self.assert_miss(self.ask())
        self.assertEqual(self.weir.stop(), 0)
        self.weir.start()
        self.assert_hit(self.ask())
        self.assertEqual(len(self.up.requests), 1)

    def test_logprobs_are_cached_with_the_request_that_asked(self):
        self.assert_miss(self.ask(logprobs=True))
        hit = self.ask(logprobs=True)
        self.assert_hit(hit)
        self.assertEqual(len(hit.json()["choices"][0]["logprobs"]["content"]), 3)
        self.assertIsNone(self.ask().json()["choices"][0].get("logprobs"))


class Rules(GatewayCase):
    """TTL and temperature, as configured."""

    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=["exact"])
        config["cascades"]["default"]["cache"] = {"temperature_above_zero": True, "without_temperature": False}
        return config

    def test_rules_are_kept(self):
        for temperature, tier in ((0.9, "exact"), (None, "reference")):
            body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "rules"}]}
            if temperature is not None:
                body["temperature"] = temperature
            self.weir.chat(body)
            self.assertEqual(self.weir.chat(body).header("x-weir-tier"), tier)


if __name__ == "__main__":
    unittest.main()

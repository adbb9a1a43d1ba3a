"""POST /v1/embeddings: cached by input item, whatever batches the items come in."""

import json
import re
import unittest

from harness import upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import PATIENCE, nanos, simple

KEYS = {"KEY_ACME": "sk-test-acme-0001", "KEY_BIRCH": "sk-test-birch-001"}
MODEL = "text-embedding-3-small"
NANOS = 20  # a token, at 0.02 USD per million


def bearer(tenant="acme"):
    return [("Authorization", "Bearer " + KEYS["KEY_" + tenant.upper()])]


def vectors_of(reply):
    """The embeddings of an answer by index, as the text that was sent."""
    found = {}
    for element in re.finditer(rb'"index":\s*(\d+),\s*"embedding":\s*("[^"]*"|\[[^\]]*\])', reply.body):
        assert int(element.group(1)) not in found, "an index twice"
        found[int(element.group(1))] = element.group(2).decode()
    return [found[index] for index in range(len(found))]


class EmbeddingsCase(GatewayCase):
    env = KEYS
    mode, tiers = "serve", ["exact"]

    @classmethod
    def config(cls):
        config = simple(cls.up, mode=cls.mode, tiers=cls.tiers)
        config["keys"] = [{"key": "${KEY_ACME}", "tenant": "acme"}, {"key": "${KEY_BIRCH}", "tenant": "birch"}]
        config["models"]["fake/" + MODEL] = {"price": {"input": "0.02", "output": 0}}
        config["models"]["fake/priceless"] = {}
        config["models"]["fake/renamed"] = {"upstream_name": "inner-name", "price": {"input": "0.02", "output": 0}}
        config["cascades"]["default"]["match"]["model"] = [MODEL, "priceless", "renamed"]
        config["cascades"]["plain"] = {"match": {"model": ["plain"]}, "tiers": [], "mode": "serve"}
        return config

    def setUp(self):
        super().setUp()
        self.model = self.up.answer = upstream.Embedder()

    def text(self, name):
        return "%s %s" % (self.id(), name)

    def ask(self, given, tenant="acme", headers=(), **members):
        body = given if isinstance(given, bytes) else dict({"model": MODEL, "input": given}, **members)
        return self.weir.ask("POST", "/v1/embeddings", body, bearer(tenant) + list(headers))

    def asked(self):
        """The items that the provider was asked for, over all requests."""
        return [item for seen in self.up.requests for item in self.model.items(seen.json())]

    def assert_embeds(self, reply, items, cache, size=8, base64=False):
        """A complete answer: every vector as the provider spells it, in the caller's order."""
        self.assertEqual(reply.status, 200, reply)
        self.assertTrue(reply.complete)
        self.assertEqual(reply.header("x-weir-cache"), cache)
        document = reply.json()
        self.assertEqual((document["object"], document["model"]), ("list", MODEL))
        self.assertEqual([e["index"] for e in document["data"]], list(range(len(items))))
        self.assertEqual({e["object"] for e in document["data"]}, {"embedding"})
        self.assertEqual(vectors_of(reply), [upstream.vector_text(item, size, base64) for item in items])
        total = sum(self.model.tokens(item) for item in items)
        self.assertEqual(document["usage"], {"prompt_tokens": total, "total_tokens": total})


class Embeddings(EmbeddingsCase):
    def test_second_request_is_a_hit_at_no_cost(self):
        text = self.text("a")
        first, second = self.ask(text), self.ask(text)
        self.assert_embeds(first, [text], "miss")
        self.assertEqual(first.body, self.model.sent[0], "nothing was known: the provider's own bytes")
        self.assertEqual(self.up.requests[0].target, "/v1/embeddings")
        self.assert_embeds(second, [text], "hit")
        self.assertEqual(first.json(), second.json())
        self.assertEqual(len(self.up.requests), 1)
        cost = self.model.tokens(text) * NANOS
        self.assertEqual((nanos(first.header("x-weir-cost-usd")), nanos(first.header("x-weir-saved-usd"))), (cost, 0))
        self.assertEqual((nanos(second.header("x-weir-cost-usd")), nanos(second.header("x-weir-saved-usd"))), (0, cost))
        self.assertEqual((first.header("x-weir-tier"), second.header("x-weir-tier")), ("reference", "exact"))
        self.assertEqual(second.header("x-weir-model"), "fake/" + MODEL)
        self.assertIsNone(first.header("age"))
        self.assertGreaterEqual(int(second.header("age")), 0)
        row = self.weir.row(second)
        self.assertEqual((row["tier"], nanos(row["cost_usd"]), nanos(row["saved_usd"])), ("exact", 0, cost))
        self.assertEqual([(a["tier"], a["outcome"]) for a in row["attempts"]], [("exact", "served")])
        row = self.weir.row(first)
        self.assertEqual(
            [(a["tier"], a["outcome"]) for a in row["attempts"]], [("exact", "declined"), ("reference", "served")]
        )

    def test_only_the_unknown_items_of_a_batch_are_asked_for(self):
        items = [self.text("item %d %s" % (i, "x" * i * 7)) for i in range(10)]
        known = [items[7], items[2], items[4]]
        self.ask(known)
        reply = self.ask(items)
        fresh = [item for item in items if item not in known]
        self.assertEqual(self.up.requests[1].json()["input"], fresh)
        self.assertEqual(len(self.up.requests), 2)
        self.assert_embeds(reply, items, "partial")
        self.assertEqual(reply.header("x-weir-tier"), "reference")
        self.assertIsNone(reply.header("age"))
        spent = sum(self.model.tokens(item) for item in fresh) * NANOS
        spared = sum(self.model.tokens(item) for item in known) * NANOS
        self.assertEqual(nanos(reply.header("x-weir-cost-usd")), spent)
        self.assertEqual(nanos(reply.header("x-weir-saved-usd")), spared)
        row = self.weir.row(reply)
        self.assertEqual((nanos(row["cost_usd"]), nanos(row["saved_usd"])), (spent, spared))
        self.assertEqual(
            [(a["tier"], a["outcome"]) for a in row["attempts"]], [("exact", "served"), ("reference", "served")]
        )
        again = self.ask(list(reversed(items)))
        self.assert_embeds(again, list(reversed(items)), "hit")
        self.assertEqual(nanos(again.header("x-weir-saved-usd")), spent + spared)
        self.assertEqual(len(self.up.requests), 2)

    def test_one_missing_item_in_every_place(self):
        items = [self.text(str(i)) for i in range(5)]
        for missing in range(5):
            with self.subTest(missing=missing):
                batch = ["%s (%d)" % (item, missing) for item in items]
                self.ask(batch[:missing] + batch[missing + 1 :])
                self.up.forget()
                self.assert_embeds(self.ask(batch), batch, "partial")
                self.assertEqual(self.asked(), [batch[missing]])

    def test_the_providers_order_does_not_matter(self):
        items = [self.text(str(i)) for i in range(6)]
        self.ask(items[1])
        self.model.edit = lambda data: data[::-1]
        reply = self.ask(items)
        self.assert_embeds(reply, items, "partial")
        self.assert_embeds(self.ask(items), items, "hit")

    def test_duplicates_are_asked_for_once(self):
        a, b = self.text("a"), self.text("b, which is longer")
        reply = self.ask([a, b, a, a])
        self.assertEqual(self.asked(), [a, b])
        self.assertEqual(reply.status, 200)
        self.assertEqual(vectors_of(reply), [upstream.vector_text(item, 8) for item in (a, b, a, a)])
        self.assertEqual(reply.header("x-weir-cache"), "miss")
        cost = (self.model.tokens(a) + self.model.tokens(b)) * NANOS
        self.assertEqual(nanos(reply.header("x-weir-cost-usd")), cost)
        self.assertGreater(nanos(reply.header("x-weir-saved-usd")), 0)
        usage = reply.json()["usage"]["total_tokens"]
        self.assertEqual(nanos(reply.header("x-weir-saved-usd")), usage * NANOS - cost)
        self.assertEqual(self.ask([a, b, a, a]).json(), reply.json())
        self.assertEqual(len(self.up.requests), 1)

    def test_a_single_items_tokens_are_exact_with_duplicates(self):
        a = self.text("a")
        self.assert_embeds(self.ask([a, a, a]), [a, a, a], "miss")
        self.assert_embeds(self.ask([a, a]), [a, a], "hit")
        self.assert_embeds(self.ask(a), [a], "hit")
        self.assertEqual(self.asked(), [a])

    def test_every_form_of_input(self):
        a, b = self.text("a"), self.text("b")
        for given, items in (
            (a, [a]),
            ([a], [a]),
            ([b, a], [b, a]),
            ([1, 2, 3], [[1, 2, 3]]),
            ([[1, 2, 3], [4]], [[1, 2, 3], [4]]),
            ([0], [[0]]),
        ):
            with self.subTest(given=given):
                self.assertEqual(vectors_of(self.ask(given, seed=1)), [upstream.vector_text(i, 8) for i in items])
                self.assert_embeds(self.ask(given, seed=1), items, "hit")
        self.assertEqual(self.asked(), [a, b, [1, 2, 3], [4], [0]], "a lone item and one of a list are the same")

    def test_what_is_spelled_otherwise_is_another_item(self):
        base = self.text("Is it so?")
        spelled = [base, base + " ", base.upper(), base.replace("?", ""), base + "\u00e9", base + "e\u0301", "[1,2]"]
        self.ask(spelled)
        self.assertEqual(self.asked(), spelled)
        self.up.forget()
        self.ask([[1, 2], [12]], seed=2)
        self.ask([[1], [2], [1, 2, 12]], seed=2)
        self.assertEqual(self.asked(), [[1, 2], [12], [1], [2], [1, 2, 12]])

    def test_white_space_between_token_ids_does_not_part_items(self):
        body = '{"model":"%s","x":"%s","input":%s}'
        first = (body % (MODEL, self.id(), "[[1,2], [3]]")).encode()
        second = (body % (MODEL, self.id(), "[ [ 3 ],\n[1 ,2\t]]")).encode()
        self.ask(first)
        self.assert_embeds(self.ask(second), [[3], [1, 2]], "hit")
        self.assertEqual(len(self.up.requests), 1)

    def test_other_members_part_requests(self):
        text = self.text("a")
        self.assert_embeds(self.ask(text), [text], "miss")
        self.assert_embeds(self.ask(text, user="u"), [text], "hit")
        self.assert_embeds(self.ask(text, tenant="birch"), [text], "miss")
        self.assert_embeds(self.ask(text, encoding_format="float"), [text], "miss")
        self.assert_embeds(self.ask(text, encoding_format="base64"), [text], "miss", base64=True)
        self.assert_embeds(self.ask(text, dimensions=3), [text], "miss", size=3)
        self.assert_embeds(self.ask(text, task="query"), [text], "miss")
        self.assertEqual(self.ask(text, model="priceless").header("x-weir-cache"), "miss")
        for members in ({}, {"encoding_format": "float"}, {"task": "query", "user": "v"}):
            self.assert_embeds(self.ask(text, **members), [text], "hit")
        self.assert_embeds(self.ask(text, encoding_format="base64"), [text], "hit", base64=True)
        self.assert_embeds(self.ask(text, dimensions=3), [text], "hit", size=3)
        self.assert_embeds(self.ask(text, tenant="birch"), [text], "hit")

    def test_base64_in_a_partial_batch(self):
        items = [self.text(str(i)) for i in range(20)]  # some vector has a slash or a plus
        self.ask(items[::3], encoding_format="base64")
        self.assert_embeds(self.ask(items, encoding_format="base64"), items, "partial", base64=True)

    def test_what_goes_upstream_is_the_callers_own_but_for_the_input(self):
        known, fresh = self.text("known"), self.text("fr\u00e9sh")
        self.ask(known, dimensions=4, x={"b": 1, "a": 1.0})
        body = '{ "x" : {"b": 1, "a": 1.0},"input":["%s",\n "%s"] , "dimensions":4, "model": "%s", "user":"u\\u0041"}'
        self.up.forget()
        self.ask((body % (fresh, known, MODEL)).encode())
        expected = '{ "x" : {"b": 1, "a": 1.0},"input":["%s"] , "dimensions":4, "model": "%s", "user":"u\\u0041"}'
        self.assertEqual(self.up.requests[0].body.decode(), expected % (fresh, MODEL))

    def test_the_providers_model_name_and_headers(self):
        self.model.name = "text-embedding-ada-002-v2"
        self.model.headers = [("x-request-id", "req_1"), ("openai-processing-ms", "12")]
        text = self.text("a")
        first = self.ask(text)
        self.assertEqual(first.header("x-request-id"), "req_1")
        self.assertEqual(first.header("openai-processing-ms"), "12")
        second = self.ask(text)
        self.assertEqual(second.json()["model"], "text-embedding-ada-002-v2")
        self.assertIsNone(second.header("x-request-id"))

    def test_a_model_with_another_name_upstream(self):
        a, b = self.text("a"), self.text("b")
        self.ask(a, model="renamed")
        reply = self.ask([a, b], model="renamed")
        self.assertEqual([seen.json()["model"] for seen in self.up.requests], ["inner-name"] * 2)
        self.assertEqual(self.asked(), [a, b])
        self.assertEqual(reply.header("x-weir-model"), "fake/renamed")

    def test_an_unknown_price_is_unknown(self):
        a, b = self.text("a"), self.text("b")
        self.ask(a, model="priceless")
        for given in (a, [a, b]):
            reply = self.ask(given, model="priceless")
            self.assertEqual(reply.header("x-weir-saved-usd"), "unknown")
        self.assertEqual(reply.header("x-weir-cost-usd"), "unknown")

    def test_a_provider_that_reports_no_usage(self):
        self.model.usage = False
        a, b = self.text("a"), self.text("b")
        self.assertNotIn("usage", self.ask(a).json())
        self.assertNotIn("usage", self.ask(a).json())
        partial = self.ask([a, b])
        self.assertNotIn("usage", partial.json())
        self.assertEqual(len(partial.json()["data"]), 2)
        self.assertTrue(self.weir.row(partial)["estimated"])

    def test_vectors_of_another_length_are_asked_for_again(self):
        """The model behind the name was changed: old and new vectors must not meet in one answer."""
        a, b, c = self.text("a"), self.text("b"), self.text("c")
        self.ask([a, b])
        self.model = self.up.answer = upstream.Embedder(size=5)
        self.up.forget()
        reply = self.ask([a, b, c])
        self.assert_embeds(reply, [a, b, c], "miss", size=5)
        self.assertEqual(self.asked(), [c, a, b, c])
        cost = sum(self.model.tokens(item) for item in (c, a, b, c)) * NANOS
        self.assertEqual(nanos(reply.header("x-weir-cost-usd")), cost)
        self.assert_embeds(self.ask([c, a]), [c, a], "hit", size=5)

    def test_known_vectors_of_different_lengths_are_asked_for_again(self):
        a, b = self.text("a"), self.text("b")
        self.ask(a)
        self.model = self.up.answer = upstream.Embedder(size=5)
        self.ask(b)
        self.assert_embeds(self.ask([a, b]), [a, b], "miss", size=5)
        self.assert_embeds(self.ask([a, b]), [a, b], "hit", size=5)

    def test_as_many_items_as_allowed(self):
        items = [self.text(str(i)) for i in range(2048)]
        self.assert_embeds(self.ask(items), items, "miss")
        self.assert_embeds(self.ask(items), items, "hit")
        self.assert_embeds(self.ask(items[1:] + ["one more"]), items[1:] + ["one more"], "partial")
        self.assertEqual(self.up.requests[1].json()["input"], ["one more"])
        self.assert_error(self.ask(items + ["a"]), 400, ["2049", "2048"], param="input")

    def test_entries_outlive_a_restart(self):
        items = [self.text(str(10 + i)) for i in range(40)]  # of one length, so that shares of tokens are exact
        self.ask(items[:30])
        self.assertEqual(self.weir.stop(), 0)
        self.weir.start()
        self.assert_embeds(self.ask(items[:20]), items[:20], "hit")
        self.assert_embeds(self.ask(items), items, "partial")
        self.assertEqual(self.asked(), items)

    def test_chat_and_embeddings_share_nothing(self):
        self.ask(self.text("a"))
        self.up.answer = upstream.Model()
        reply = self.weir.chat({"model": MODEL, "messages": [{"role": "user", "content": "a"}]}, bearer())
        self.assertEqual(reply.header("x-weir-cache"), "miss")


class Wishes(EmbeddingsCase):
    def test_no_store(self):
        text = self.text("a")
        body = b' {"input" : "%s","model":"%s" }\n' % (text.encode(), MODEL.encode())
        reply = self.ask(body, headers=[("x-weir-cache", "no-store")])
        self.assert_embeds(reply, [text], "bypass")
        self.assertEqual((self.up.requests[0].body, reply.body), (body, self.model.sent[0]))
        self.assert_embeds(self.ask(text), [text], "miss")

    def test_refresh(self):
        a, b = self.text("a"), self.text("b")
        self.ask([a, b])
        self.model = self.up.answer = upstream.Embedder(size=5)
        self.up.forget()
        self.assert_embeds(self.ask([a, b], headers=[("x-weir-cache", "refresh")]), [a, b], "refresh", size=5)
        self.assertEqual(self.asked(), [a, b])
        self.assert_embeds(self.ask([a, b]), [a, b], "hit", size=5)

    def test_only(self):
        a, b = self.text("a"), self.text("b")
        only = [("x-weir-cache", "only")]
        self.assert_error(self.ask(a, headers=only), 504, code="cache_miss")
        self.ask(a)
        self.assert_embeds(self.ask(a, headers=only), [a], "hit")
        self.up.forget()
        self.assert_error(self.ask([a, b], headers=only), 504, code="cache_miss")
        self.assertEqual(self.up.requests, [])

    def test_a_caller_that_takes_nothing_old(self):
        text = self.text("a")
        self.ask(text)
        self.assert_embeds(self.ask(text, headers=[("cache-control", "max-age=3600")]), [text], "hit")
        self.assert_embeds(self.ask(text, headers=[("cache-control", "max-age=0")]), [text], "miss")
        self.assertEqual(self.asked(), [text, text])

    def test_a_purge_by_tag_takes_out_its_items_alone(self):
        a, b = self.text("a"), self.text("b")
        self.ask(a, headers=[("x-weir-tags", "one")])
        self.ask(b, headers=[("x-weir-tags", "two")])
        self.up.forget()
        purged = self.weir.admin("/api/cache/purge", "POST", {"tag": "one"})
        self.assertEqual(purged.status, 200, purged)
        self.assert_embeds(self.ask([a, b]), [a, b], "partial")
        self.assertEqual(self.asked(), [a])

    def test_unknown_words_are_refused(self):
        self.assert_error(self.ask("a", headers=[("x-weir-cache", "sometimes")]), 400, "x-weir-cache")
        self.assert_error(self.ask("a", headers=[("x-weir-mode", "fast")]), 400, "x-weir-mode")

    def test_a_lower_mode(self):
        a, b = self.text("a"), self.text("b")
        self.ask(a)
        self.up.forget()
        off = self.ask([a, a], headers=[("x-weir-mode", "off")])
        self.assertEqual((off.header("x-weir-cache"), off.body), ("bypass", self.model.sent[-1]))
        observed = self.ask([a, b, a], headers=[("x-weir-mode", "observe")])
        self.assertEqual((observed.header("x-weir-cache"), observed.body), ("miss", self.model.sent[-1]))
        self.assertEqual([seen.json()["input"] for seen in self.up.requests], [[a, a], [a, b, a]])

    def test_debug(self):
        a, b = self.text("a"), self.text("b")
        self.ask(a)
        reply = self.ask([a, b], headers=[("x-weir-debug", "1")])
        self.assertIn("exact: 1 of 2 known", reply.header("x-weir-why"))


class Observe(EmbeddingsCase):
    mode = "observe"

    def test_everything_is_asked_and_nothing_served(self):
        a, b = self.text("a"), self.text("b")
        for items, would_have in (([a, a, b], None), ([b, a], "exact"), ([b, self.text("c")], None)):
            reply = self.ask(items)
            self.assertEqual((reply.header("x-weir-cache"), reply.header("x-weir-tier")), ("miss", "reference"))
            self.assertEqual(reply.body, self.model.sent[-1])
            self.assertEqual(self.up.requests[-1].json()["input"], items)
            self.assertEqual(self.weir.row(reply)["would_have"], would_have)


class Forwarded(EmbeddingsCase):
    mode = "off"

    def test_bytes_both_ways(self):
        body = (
            b'\n{"dimensions":4,"input":["a","a","a\\u00e9"], "user":"u" ,"model":"%s","encoding_format":"float",'
            b'"unknown":[1.50,{"z":1e2}]}' % MODEL.encode()
        )
        for _ in range(2):
            reply = self.ask(body, headers=[("idempotency-key", "k")])
            self.assertEqual((reply.status, reply.header("x-weir-cache")), (200, "bypass"))
            self.assertEqual(reply.body, self.model.sent[-1])
            self.assertEqual(self.up.requests[-1].body, body)
            self.assertEqual(self.up.requests[-1].header("idempotency-key"), "k")
            self.assertIsNone(self.up.requests[-1].header("authorization"))
        self.assertEqual(len(self.up.requests), 2)
        row = self.weir.row(reply)
        self.assertEqual(nanos(row["cost_usd"]), reply.json()["usage"]["total_tokens"] * NANOS)
        self.assertEqual([a["tier"] for a in row["attempts"]], ["reference"])

    def test_a_cascade_without_the_exact_tier_forwards(self):
        for _ in range(2):
            reply = self.ask(["a", "a"], model="plain")
            self.assertEqual((reply.status, reply.header("x-weir-cache")), (200, "bypass"))
        self.assertEqual([seen.json()["input"] for seen in self.up.requests], [["a", "a"]] * 2)


class Refusals(EmbeddingsCase):
    def test_bad_requests(self):
        for body, param in (
            (b"", None),
            (b"[]", None),
            (b'{"model":"m","input":"a"', None),
            (b'{"model":"m","input":"\xff"}', None),
            (b'{"input":"a"}', "model"),
            (b'{"model":null,"input":"a"}', "model"),
            (b'{"model":7,"input":"a"}', "model"),
            (b'{"model":"","input":"a"}', "model"),
            (b'{"model":"m","model":"n","input":"a"}', "model"),
            (b'{"model":"m\\r\\nx: y","input":"a"}', "model"),
            (b'{"model":"m"}', "input"),
            (b'{"model":"m","input":null}', "input"),
            (b'{"model":"m","input":[]}', "input"),
            (b'{"model":"m","input":[ ]}', "input"),
            (b'{"model":"m","input":{}}', "input"),
            (b'{"model":"m","input":7}', "input"),
            (b'{"model":"m","input":true}', "input"),
            (b'{"model":"m","input":[null]}', "input"),
            (b'{"model":"m","input":["a",null]}', "input"),
            (b'{"model":"m","input":[{"text":"a"}]}', "input"),
            (b'{"model":"m","input":["a",[1]]}', "input"),
            (b'{"model":"m","input":["a",1]}', "input"),
            (b'{"model":"m","input":[1,"a"]}', "input"),
            (b'{"model":"m","input":[1,[1]]}', "input"),
            (b'{"model":"m","input":[1.5]}', "input"),
            (b'{"model":"m","input":[-1]}', "input"),
            (b'{"model":"m","input":[[1,-1]]}', "input"),
            (b'{"model":"m","input":[[1e3]]}', "input"),
            (b'{"model":"m","input":[["a"]]}', "input"),
            (b'{"model":"m","input":[[[1]]]}', "input"),
            (b'{"model":"m","input":[true]}', "input"),
            (b'{"model":"m","input":"a","input":"b"}', "input"),
            (b'{"model":"m","input":"a","in\\u0070ut":"b"}', "input"),
            (b'{"model":"m","input":"' + b"a" * (4 << 20) + b'"}', "input"),
        ):
            with self.subTest(body[:60]):
                reply = self.ask(body.replace(b'"m"', b'"%s"' % MODEL.encode()))
                self.assert_error(reply, 400, kind="invalid_request_error", param=param)
                self.assertEqual(reply.error["param"], param)
        self.assertEqual(self.up.requests, [])

    def test_an_error_names_the_item(self):
        self.assert_error(self.ask(["a", "b", 7]), 400, "input[2]", param="input")
        self.assert_error(self.ask([[1], [2], [-3]]), 400, "input[2]", param="input")

    def test_keys_models_methods(self):
        body = {"model": MODEL, "input": "a"}
        self.assert_error(self.weir.ask("POST", "/v1/embeddings", body), 401, code="invalid_api_key")
        wrong = [("Authorization", "Bearer sk-wrong")]
        self.assert_error(self.weir.ask("POST", "/v1/embeddings", body, wrong), 401, code="invalid_api_key")
        reply = self.weir.ask("GET", "/v1/embeddings", headers=bearer())
        self.assert_error(reply, 405, "POST")
        self.assertEqual(reply.header("allow"), "POST")
        self.assertEqual(self.up.requests, [])


class NoSuchModel(GatewayCase):
    @classmethod
    def config(cls):
        config = simple(cls.up)
        config["providers"]["second"] = {"api": "openai", "base_url": cls.up.base_url}
        return config

    def test_404(self):
        reply = self.weir.ask("POST", "/v1/embeddings", {"model": "nobody-knows", "input": "a"})
        self.assert_error(reply, 404, "nobody-knows", param="model", code="model_not_found")


class BadAnswers(EmbeddingsCase):
    def element(self, index, embedding="[1, 2]"):
        return '{"object":"embedding","index":%s,"embedding":%s}' % (index, embedding)

    def test_nothing_but_the_whole_answer_is_passed_on(self):
        e = self.element
        for name, data in {
            "short": [e(0)],
            "empty": [],
            "long": [e(0), e(1), e(2)],
            "twice": [e(0), e(0)],
            "outside": [e(0), e(2)],
            "negative": [e(0), e(-1)],
            "fraction": [e(0), e(0.5)],
            "index as text": [e(0), e('"1"')],
            "no index": [e(0), '{"embedding":[1, 2]}'],
            "no embedding": [e(0), '{"index":1}'],
            "two embeddings": [e(0), '{"index":1,"embedding":[1, 2],"embedding":[3, 4]}'],
            "null": [e(0), e(1, "null")],
            "empty vector": [e(0), e(1, "[]")],
            "other length": [e(0), e(1, "[1, 2, 3]")],
            "other kind": [e(0), e(1, '"AAAA"')],
            "no numbers": [e(0, "[1, null]"), e(1, "[1, null]")],
            "nested": [e(0, "[[1, 2]]"), e(1, "[[1, 2]]")],
            "no base64": [e(0, '"!!"'), e(1, '"!!"')],
            "empty base64": [e(0, '""'), e(1, '""')],
            "no objects": ["[1, 2]", "[3, 4]"],
        }.items():
            with self.subTest(name):
                items = [self.text(name), self.text(name + " too")]
                self.model.edit = lambda _, data=data: data
                reply = self.ask(items)
                self.assert_error(reply, 502, kind="server_error")
                self.assertEqual(self.weir.row(reply)["cost_usd"], None)
                self.model.edit = None
                self.assert_embeds(self.ask(items), items, "miss")  # nothing of it was stored

    def test_a_bad_answer_for_the_missing_items(self):
        a, b, c = (self.text(name) for name in "abc")
        self.ask(a)
        self.model.edit = lambda data: data[:-1]
        self.assert_error(self.ask([a, b, c]), 502, "embeddings")
        self.model.edit = None
        self.assert_embeds(self.ask([a, b, c]), [a, b, c], "partial")

    def test_bodies_that_are_no_answer(self):
        for name, answer in {
            "no JSON": upstream.body(b"oops"),
            "no object": upstream.body(b"[]"),
            "no data": upstream.body(b'{"object":"list"}'),
            "data no list": upstream.body(b'{"data":{}}'),
            "data twice": upstream.body(b'{"data":[{"index":0,"embedding":[1]}],"data":[{"index":0,"embedding":[2]}]}'),
            "truncated": upstream.body(b'{"data":[{"index":0,"embedding":[1]}]}', cut=20),
            "events": upstream.stream([b"data: {}\n\n", upstream.DONE]),
            "dropped": upstream.dropped(),
        }.items():
            with self.subTest(name):
                self.up.script(answer, answer)
                self.assert_error(self.ask(self.text(name)), 502, kind="server_error")
                self.up._script.queue.clear()

    def test_errors_are_relayed(self):
        a, b = self.text("a"), self.text("b")
        self.ask(a)
        for status, kind in ((400, "invalid_request_error"), (429, "rate_limit_error"), (500, "server_error")):
            with self.subTest(status):
                self.up.script(upstream.error(status, "said so", [("retry-after", "7")], kind, "some_code"))
                reply = self.ask([a, b])
                self.assert_error(reply, status, "said so", kind=kind, code="some_code")
                self.assertEqual(reply.header("retry-after"), "7")
                row = self.weir.row(reply)
                self.assertEqual(nanos(row["cost_usd"]), 0)
                self.assertEqual(
                    [(x["tier"], x["outcome"]) for x in row["attempts"]], [("exact", "declined"), ("reference", "failed")]
                )
        self.up.script(upstream.error(401, "bad key"))
        self.assert_error(self.ask([a, b]), 502, "credentials", code="upstream_auth")
        self.up.script(upstream.body(b"<html>busy</html>", 503))
        self.assert_error(self.ask([a, b]), 503, "busy")

    def test_a_caller_that_leaves_ends_the_call_upstream(self):
        self.up.script(upstream.hang())
        with self.weir.connect() as connection:
            connection.request("POST", "/v1/embeddings", {"model": MODEL, "input": self.text("a")}, bearer())
            seen = self.up.wait_requests(1)[0]
        wait_for(lambda: seen.gone_at, 3 * PATIENCE, "the call to be cancelled upstream")


class Limits(EmbeddingsCase):
    """What is put together is bounded as an upstream's answer is."""

    @classmethod
    def config(cls):
        return dict(super().config(), limits={"answer": "1KiB"})

    def test_an_answer_put_together_has_a_limit(self):
        a = self.text("a")
        self.model = self.up.answer = upstream.Embedder(size=30)
        self.assert_embeds(self.ask(a), [a], "miss", size=30)
        self.assert_embeds(self.ask(a), [a], "hit", size=30)
        self.assert_error(self.ask([a] * 2000), 502)
        b = self.text("b")
        self.assert_error(self.ask([b] * 2000), 502, "limits.answer")


if __name__ == "__main__":
    unittest.main()

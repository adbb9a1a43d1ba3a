"""What is kept of the traffic to learn from (`store:` of a cascade): the reference's answers, redacted, per tenant, across a
restart; nothing where it is off, where the caller or the provider does not want it, of cheaper models, or of what failed."""

import json
import re
import stat
import os
import unittest

from harness import client, examples, upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import PATIENCE, simple
from harness.learned import LearnedCase

ACME, BIRCH = "sk-acme-0123456789", "sk-birch-0123456789"
SECRETS = ("jane@example.com", "ACME-0042", "4111")


def kept_count(weir):
    return int(re.search(r"^weir_examples_kept_total (\d+)$", weir.admin("/metrics").body.decode(), re.MULTILINE)[1])


class Kept(GatewayCase):
    env = {"KEY_ACME": ACME, "KEY_BIRCH": BIRCH}

    @classmethod
    def config(cls):
        config = simple(cls.up)
        url = cls.up.base_url
        config["providers"] = {
            "fake": {"api": "openai", "base_url": url, "may_distil": True},
            "strict": {"api": "openai", "base_url": url},
        }
        config["keys"] = [{"key": "${KEY_ACME}", "tenant": "acme"}, {"key": "${KEY_BIRCH}", "tenant": "birch"}]
        content = {"what": "content", "redact": ["email", "card", "/ACME-[0-9]+/"]}

        def cascade(name, provider="fake", **more):
            return dict({"match": {"model": [name]}, "mode": "observe", "reference_provider": provider}, **more)

        config["cascades"] = {
            "kept": cascade("kept", store=content, tiers=["exact"], mode="serve"),
            "shy": cascade("shy", store=content, cache={"never_for": ["acme"]}),
            "hashed": cascade("hashed", store="hashes"),
            "plain": cascade("plain"),
            "none": cascade("none", store="none"),
            "off": cascade("off", store="content", mode="off"),
            "strict": cascade("strict", "strict", store="content"),
        }
        return config

    def setUp(self):
        super().setUp()
        self.before = kept_count(self.weir)
        self.up.answer = upstream.Model(text="Four.")

    def ask(self, prompt, model="kept", key=ACME, headers=(), messages=None, status=200, **members):
        messages = messages or [{"role": "system", "content": "Count."}, {"role": "user", "content": prompt}]
        body = dict({"model": model, "messages": messages, "temperature": 0}, **members)
        reply = self.weir.chat(body, [("Authorization", "Bearer " + key), *headers])
        self.assertEqual(reply.status, status, reply)
        return reply

    def wait(self, count):
        """Until so many have been kept since the test began."""
        wait_for(lambda: kept_count(self.weir) >= self.before + count, 10 * PATIENCE, "%d examples kept" % count)
        self.assertEqual(kept_count(self.weir), self.before + count)

    def found(self, prompt, model="kept", tenant="acme", provider="fake"):
        course = examples.read_all(self.weir.data).get((tenant, model, provider + "/" + model), [])
        return [one for one in course if one.get("prompt") == prompt]

    def test_body_and_stream(self):
        first = self.ask("How many?", response_format={"type": "text"})
        self.ask("How many streamed?", stream=True)
        self.wait(2)
        (one,) = self.found("How many?")
        self.assertEqual(one["answer"], "Four.")
        self.assertEqual(one["request"], first.header("x-weir-request-id"))
        self.assertEqual((one["model"], one["api"]), ("fake/kept", "openai.chat"))
        self.assertEqual(one["system_text"], "Count.")
        self.assertEqual(json.loads(one["response_format_text"]), {"type": "text"})
        self.assertTrue(one["may_distil"] and not one["json"] and not one["repeat"])
        (streamed,) = self.found("How many streamed?")
        self.assertEqual(streamed["answer"], "Four.")
        self.assertEqual(streamed["response_format"], 0)
        folder = os.path.join(self.weir.data, "examples")
        for name in os.listdir(folder):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode), 0o600)

    def test_what_a_cache_answered_is_not_kept_again(self):
        self.ask("Asked twice?")
        hit = self.ask("Asked twice?")
        self.assertEqual(hit.header("x-weir-cache"), "hit")
        self.ask("Asked twice?", headers=[("x-weir-cache", "refresh")])
        self.wait(2)
        self.assertEqual([one["repeat"] for one in self.found("Asked twice?")], [False, True])

    def test_redaction(self):
        self.up.answer = upstream.Model(text='{"to": "jane@example.com"}')
        self.ask("I am jane@example.com, order ACME-0042, card 4111 1111 1111 1111.")
        self.wait(1)
        (one,) = self.found("I am [email], order [redacted], card [card].")
        self.assertEqual(one["answer"], '{"to": "[email]"}')
        self.assertTrue(one["json"])
        for secret in SECRETS:
            self.assertNotIn(secret.encode(), examples.raw(self.weir.data))

    def test_tenants_are_apart(self):
        self.ask("Whose is it?")
        self.ask("Mine!", key=BIRCH)
        self.wait(2)
        self.assertEqual(len(self.found("Whose is it?")), 1)
        self.assertEqual(len(self.found("Mine!", tenant="birch")), 1)
        self.assertEqual(self.found("Mine!"), [])
        self.assertEqual(self.found("Whose is it?", tenant="birch"), [])

    def test_other_apis(self):
        bearer = [("Authorization", "Bearer " + ACME)]
        message = {"model": "kept", "max_tokens": 50, "messages": [{"role": "user", "content": "By Messages?"}]}
        self.assertEqual(self.weir.ask("POST", "/v1/messages", message, bearer).status, 200)
        response = {"model": "kept", "input": "By Responses?"}
        self.assertEqual(self.weir.ask("POST", "/v1/responses", response, bearer).status, 200)
        forgotten = {"model": "kept", "input": "Forget me?", "store": False}
        self.assertEqual(self.weir.ask("POST", "/v1/responses", forgotten, bearer).status, 200)
        self.wait(2)
        self.assertEqual(self.found("By Messages?")[0]["api"], "anthropic.messages")
        self.assertEqual(self.found("By Responses?")[0]["api"], "openai.responses")
        self.assertEqual(self.found("Forget me?"), [])

    def test_hashes_alone(self):
        self.ask("Only a digest?", model="hashed")
        self.ask("Only a digest too?", model="strict")  # content, but the provider does not allow it
        self.wait(2)
        all_of_them = examples.read_all(self.weir.data)
        (hashed,) = all_of_them["acme", "hashed", "fake/hashed"]
        (strict,) = all_of_them["acme", "strict", "strict/strict"]
        self.assertTrue(hashed["may_distil"])
        self.assertFalse(strict["may_distil"])
        for one in (hashed, strict):
            self.assertFalse(one["content"])
            self.assertEqual(one["answer_bytes"], 5)
            self.assertNotEqual(one["prompt_digest"], 0)
        self.assertNotIn(b"Only a digest", examples.raw(self.weir.data))

    def test_what_is_not_kept(self):
        for model in ("plain", "none", "off", "shy"):
            self.ask("Never?", model=model)
        self.ask("Never?", headers=[("x-weir-cache", "no-store")])
        self.ask("Never?", headers=[("Cache-Control", "no-store")])
        self.ask("Never?", headers=[("x-weir-mode", "off")])
        self.ask("Never?", store=False)
        self.ask("", messages=[{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"},
                               {"role": "user", "content": "Never?"}])  # fmt: skip
        tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
        self.ask("Never?", tools=[tool])
        self.up.answer = upstream.Model(text="", message={"role": "assistant", "content": None, "refusal": "No."})
        self.ask("Never?", seed=1)
        self.up.answer = upstream.Model(text="I'm sorry, but I can't help with that.")
        self.ask("Never?", seed=2)
        self.up.answer = upstream.Model(text="Fo", finish="length")
        self.ask("Never?", seed=3)
        self.up.answer = upstream.Model(text="no JSON")
        self.ask("Never?", response_format={"type": "json_object"})
        self.up.answer = upstream.body({"error": {"message": "no"}}, status=500)
        self.ask("Never?", seed=4, status=500)
        self.up.answer = upstream.Model(text="Four.")
        self.ask("But this, with store", store=True)
        self.wait(1)  # the queue is in order
        self.assertEqual(len(self.found("But this, with store")), 1)
        self.ask("Birch is not shy", model="shy", key=BIRCH)
        self.wait(2)
        self.assertNotIn(b"Never?", examples.raw(self.weir.data))

    def test_y_restart(self):
        self.ask("Before the restart?")
        self.wait(1)
        self.weir.kill()
        self.weir.start()
        self.before = kept_count(self.weir)
        self.assertEqual(self.before, 0)
        self.assertEqual(len(self.found("Before the restart?")), 1)
        self.ask("Before the restart?", headers=[("x-weir-cache", "refresh")])
        self.ask("At the end?")
        self.weir.stop()  # what waits is written
        self.weir.start()
        self.assertEqual([one["repeat"] for one in self.found("Before the restart?")], [False, True])
        self.assertEqual(len(self.found("At the end?")), 1)

    def test_z_purge(self):
        self.ask("To be forgotten?")
        self.ask("Mine to keep?", key=BIRCH)
        self.wait(2)
        headers = [("Content-Type", "application/json")]
        purged = client.ask(self.weir.admin_port, "POST", "/api/cache/purge", {"tenant": "acme"}, headers)
        self.assertEqual(purged.status, 200, purged)
        self.assertNotIn(b"To be forgotten?", examples.raw(self.weir.data))
        self.assertFalse(any(tenant == "acme" for tenant, _, _ in examples.read_all(self.weir.data)))
        self.assertEqual(len(self.found("Mine to keep?", tenant="birch")), 1)
        self.ask("And on?")
        self.wait(3)
        self.assertEqual(len(self.found("And on?")), 1)


class WhatAuditsBring(LearnedCase):
    """Where a cheaper model answers, it is the audit's answer that is kept, never the cheaper one's."""

    @classmethod
    def config(cls):
        config = super().config()
        config["providers"]["fake"]["may_distil"] = True
        config["cascades"]["default"]["store"] = "content"
        return config

    def test_audits_and_second_answers(self):
        self.teach()
        served = {}
        for _ in range(150):
            number = next(self.numbers)
            reply = self.ask(number)
            if reply.header("x-weir-tier") == "model":
                served["Review %d" % number] = reply.json()["choices"][0]["message"]["content"]

        def audited():
            kept = examples.read_all(self.weir.data).get(("default", "default", "fake/big"), [])
            return [one for one in kept if one["prompt"] in served] and kept

        kept = wait_for(audited, 20 * PATIENCE, "an audit's answer among the examples")
        for one in kept:
            number = int(one["prompt"].split()[1])
            self.assertEqual(one["answer"], self.players["big"].rule(number)[0], "the reference's word alone")
            self.assertEqual(one["model"], "fake/big")


if __name__ == "__main__":
    unittest.main()

"""Everything between Weir and its providers goes wrong, by seeds: nothing hangs, nothing is told twice, nothing looks
whole that is not, and the ledger has what was counted."""

import json
import random
import unittest
from decimal import Decimal

from blackbox.test_providers import COST, events, message
from harness import upstream
from harness.case import GatewayCase
from harness.client import Closed, stream_text

TEXT = "one two three four five six seven eight nine ten"
KEYS = {"KEY": "sk-0123456789"}
ROUNDS = 120


def openai_events():
    chunks = []
    for piece in upstream.pieces_of(TEXT):
        delta = {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
        chunks.append(dict({"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}, **delta))
    chunks.append(dict(chunks[0], choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    chunks.append(dict(chunks[0], choices=[], usage=upstream.usage_of(140, 5, 100)))
    return [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks] + [b"data: [DONE]\n\n"]


def gemini_events():
    usage = {"promptTokenCount": 140, "cachedContentTokenCount": 100, "candidatesTokenCount": 5, "totalTokenCount": 145}
    pieces = upstream.pieces_of(TEXT)
    parts = []
    for number, piece in enumerate(pieces):
        candidate = {"index": 0, "content": {"role": "model", "parts": [{"text": piece}]}}
        if number + 1 == len(pieces):
            candidate["finishReason"] = "STOP"
        parts.append({"candidates": [candidate], "usageMetadata": usage, "responseId": "r"})
    return [b"data: " + json.dumps(part).encode() + b"\r\n\r\n" for part in parts]


STREAMS = {"openai": openai_events, "anthropic": lambda: events(TEXT), "gemini": gemini_events}


def misfortune(dice, whole):
    """An answer that goes wrong in some way, and whether it may be whole all the same."""
    kind = dice.randrange(9)
    cut = dice.randrange(len(whole))
    if kind == 0:
        return upstream.stream([whole], cut=cut), False
    if kind == 1:
        return upstream.stream([whole], cut=cut, reset=True), False
    if kind == 2:
        return upstream.stream([whole], piece=dice.choice((1, 3, 17))), True
    if kind == 3:
        garbage = bytes(dice.randrange(256) for _ in range(30))
        return upstream.stream([whole[:cut] + garbage + whole[cut:]]), None
    if kind == 4:
        return upstream.error(dice.choice((429, 500, 503, 529)), "storm"), False
    if kind == 5:
        return upstream.raw(bytes(dice.randrange(256) for _ in range(50))), False
    if kind == 6:
        return upstream.stream([whole[:cut], b": keep-alive\n\n" if whole[:cut].endswith(b"\n\n") else b"", whole[cut:]]), True
    if kind == 7:
        return upstream.stream([whole], how="close"), True
    return upstream.stream([whole]), True


class Chaos(GatewayCase):
    env = KEYS
    retries = {"most": 0}

    @classmethod
    def config(cls):
        def provider(api):
            return {"api": api, "base_url": cls.up.base_url, "key": "${KEY}", "retries": cls.retries,
                    "ejection": {"failures": 0}}

        price = {"input": 3, "cached_input": "0.3", "cache_write": "3.75", "output": 15}
        return {
            "providers": {api: provider(api) for api in STREAMS},
            "models": {api + "/m": {"price": price} for api in STREAMS},
        }

    def ask(self, api, form, stream=True):
        model = api + "/m"
        turns = [{"role": "user", "content": "count"}]
        path = "/v1/messages" if form == "messages" else "/v1/chat/completions"
        return self.weir.ask("POST", path, {"model": model, "max_tokens": 50, "messages": turns, "stream": stream})

    def said(self, reply, form):
        """(the text, whether it ended as a whole one does, whether it ended with an error)"""
        if form == "chat":
            error = any("error" in json.loads(data) for data in reply.events if data != "[DONE]")
            return stream_text(reply), "[DONE]" in reply.events, error
        told = [json.loads(data) for data in reply.events]
        text = "".join(one["delta"].get("text", "") for one in told if one["type"] == "content_block_delta")
        kinds = [one["type"] for one in told]
        stops = [one["index"] for one in told if one["type"] == "content_block_stop"]
        self.assertEqual(len(stops), len(set(stops)), "a block that stops twice")
        self.assertLessEqual(kinds.count("message_start"), 1)
        return text, "message_stop" in kinds, "error" in kinds

    def test_streams(self):
        for api, made in STREAMS.items():
            whole = b"".join(made())
            for form in ("chat", "messages"):
                for seed in range(ROUNDS):
                    with self.subTest(api=api, form=form, seed=seed):
                        dice = random.Random("%s %s %d" % (api, form, seed))
                        answer, fine = misfortune(dice, whole)
                        self.up.script(answer)
                        self.one(api, form, fine)

    def one(self, api, form, fine):
        try:
            reply = self.ask(api, form)
        except Closed:
            self.fail("the connection closed without an answer")
        if reply.status != 200:
            self.assertIn("error", reply.json())
            self.assertIsNot(fine, True)
            return
        self.assertTrue(reply.complete, reply)
        if fine is None:  # garbage: whatever came, it came once
            self.assertLessEqual(max(reply.body.count(b'"one'), reply.body.count(b'" seven')), 1)
            return
        text, ended, error = self.said(reply, form)
        self.assertNotEqual(ended, error, "either an end or an error")
        self.assertTrue(TEXT.startswith(text), text)
        self.assertEqual(ended, fine)
        row = self.weir.row(reply)
        self.assertEqual(row["complete"], ended)
        if ended:
            self.assertEqual(text, TEXT)
            attempt = row["attempts"][-1]
            self.assertEqual((attempt["input_cached_tokens"], attempt["output_tokens"]), (100, 5))
            self.assertFalse(attempt["estimated"])
        else:
            self.assertIsNotNone(row["cost_usd"])


class Storm(Chaos):
    """The same with retries, and with fallbacks over all three APIs."""

    retries = {"most": 2, "backoff": "1ms", "budget": 1, "executed_too": True}

    @classmethod
    def config(cls):
        config = super().config()
        config["models"]["openai/m"]["fallbacks"] = ["anthropic/m", "gemini/m"]
        return config

    def test_streams(self):
        dice = random.Random(11)
        streams = {
            "/v1/chat/completions": b"".join(openai_events()),
            "/v1/messages": b"".join(events(TEXT)),
            "/v1beta": b"".join(gemini_events()),
        }
        streams["/v1/models"] = streams["/v1beta"]

        def storm(exchange):
            kind = next(whole for path, whole in streams.items() if exchange.seen.target.startswith(path))
            if dice.random() < 0.6:
                return upstream.error(dice.choice((429, 500, 503, 529)), "storm")(exchange)
            return upstream.stream([kind])(exchange)

        self.up.answer = storm
        whole = 0
        for _ in range(ROUNDS):
            self.up.forget()
            reply = self.ask("openai", "chat")
            row = self.weir.row(reply)
            self.assertEqual(len(row["attempts"]), min(len(self.up.requests), 6))
            if reply.status == 200:
                self.assertEqual(self.said(reply, "chat"), (TEXT, True, False))
                served = [one for one in row["attempts"] if one["outcome"] == "served"]
                self.assertEqual(len(served) if len(self.up.requests) <= 6 else 1, 1)
                whole += 1
        self.assertGreater(whole, ROUNDS * 0.8)

    def test_bodies(self):
        for cut in range(0, len(json.dumps(message())), 23):
            self.up.script(upstream.body(message(), cut=cut), upstream.body(message(), piece=5))
            reply = self.ask("anthropic", "messages", stream=False)
            self.assertEqual((reply.status, reply.json()), (200, message()))
            self.assertEqual(Decimal(self.weir.row(reply)["attempts"][-1]["cost_usd"]), COST)


if __name__ == "__main__":
    unittest.main()

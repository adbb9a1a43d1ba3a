"""Providers of other APIs: asked in their own words, answered in the caller's; and the caller's own where both are the
same."""

import json
import threading
import unittest
from decimal import Decimal

from harness import upstream
from harness.case import GatewayCase
from harness.client import stream_text
from harness.gateway import simple

MESSAGES = "/v1/messages"
# Spelled as no serialiser would.
ASKED = (
    b'{ "model":"claude-x" ,"max_tokens": 1e2, "metadata":{"user_id":"u"},\n "messages":[{"role":"user","content":'
    b'[{"type":"text","text":"caf\\u00e9?","cache_control":{"type":"ephemeral"}}]}]%s}'
)
USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 30,
    "cache_read_input_tokens": 100,
    "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 5,
    "service_tier": "standard",
}
# 10 x 3 + 30 x 3.75 + 100 x 0.3 + 5 x 15 dollars a million.
COST = Decimal("0.0002475")


def message(text="Four.", **more):
    content = [{"type": "text", "text": text}]
    return dict(
        {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x-1", "content": content,
         "stop_reason": "end_turn", "stop_sequence": None, "usage": USAGE},
        **more,
    )


def event(kind, **members):
    return ("event: %s\ndata: %s\n\n" % (kind, json.dumps(dict({"type": kind}, **members)))).encode()


def events(text="Four."):
    half = len(text) // 2
    start = message(content=[], stop_reason=None, usage=dict(USAGE, output_tokens=1))
    return [
        event("message_start", message=start),
        event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        event("ping"),
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": text[:half]}),
        event("content_block_delta", index=0, delta={"type": "text_delta", "text": text[half:]}),
        event("content_block_stop", index=0),
        event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 5}),
        event("message_stop"),
    ]


def chat(text="2+2?", **more):
    return dict({"model": "claude-x", "messages": [{"role": "user", "content": text}], "max_tokens": 100}, **more)


class AnthropicCase(GatewayCase):
    mode = "off"

    @classmethod
    def config(cls):
        config = simple(cls.up, mode=cls.mode, tiers=["exact"])
        config["providers"] = {
            "anthropic": {"api": "anthropic", "base_url": cls.up.base_url, "key": "${KEY}", "retries": {"most": 0}}
        }
        price = {"input": 3, "cached_input": "0.3", "cache_write": "3.75", "output": 15}
        config["models"] = {"anthropic/claude-x": {"price": price}}
        config["cascades"]["default"]["match"] = {"model": ["claude-x"]}
        return config

    env = {"KEY": "sk-ant-0123456789"}

    def setUp(self):
        super().setUp()
        self.up.answer = self.answers

    def answers(self, exchange):
        how = upstream.stream(events()) if exchange.seen.json().get("stream") else upstream.body(message())
        return how(exchange)

    def messages(self, more=b"", headers=()):
        return self.weir.ask("POST", MESSAGES, ASKED % more, [("anthropic-version", "2023-06-01"), *headers])


class ChatCallers(AnthropicCase):
    def test_a_body(self):
        reply = self.weir.chat(chat())
        self.assert_answers(reply)
        usage = reply.json()["usage"]
        self.assertEqual((usage["prompt_tokens"], usage["completion_tokens"]), (140, 5))
        self.assertEqual(usage["prompt_tokens_details"]["cached_tokens"], 100)
        self.assertEqual(Decimal(reply.header("x-weir-cost-usd")), COST)
        (seen,) = self.up.requests
        self.assertEqual(seen.target, "/v1/messages")
        self.assertEqual(seen.header("x-api-key"), "sk-ant-0123456789")
        self.assertEqual(seen.header("anthropic-version"), "2023-06-01")
        self.assertIsNone(seen.header("authorization"))
        self.assertEqual(seen.json()["messages"], [{"role": "user", "content": "2+2?"}])

    def test_a_stream(self):
        for wants in (False, True):
            more = {"stream_options": {"include_usage": True}} if wants else {}
            reply = self.weir.chat(chat(stream=True, **more))
            self.assert_answers(reply)
            self.assertEqual(len({json.loads(data)["id"] for data in reply.events[:-1]}), 1)
            self.assertEqual(any(json.loads(data).get("usage") for data in reply.events[:-1]), wants)
            row = self.weir.row(reply)
            self.assertEqual((row["cost_usd"], row["attempts"][-1]["input_cached_tokens"]), (COST, 100))

    def test_what_breaks_off(self):
        whole = b"".join(events())
        for cut in range(0, len(whole), 37):
            self.up.script(upstream.stream([whole], cut=cut))
            reply = self.weir.chat(chat(stream=True))
            if reply.status == 200:
                self.assertNotIn("[DONE]", reply.events, cut)
                self.assertIn("error", json.loads(reply.events[-1]), cut)
            else:
                self.assert_error(reply, 502)

    def test_a_caller_that_leaves_pays_for_what_was_counted(self):
        """Input as message_start told it, output as it came."""
        never = threading.Event()
        for ask in (self.chat_and_leave, self.messages_and_leave, self.passed_and_leave):
            self.up.forget()
            self.up.script(upstream.stepped(events(), {5: never}))
            row = self.weir.row(ask())
            attempt = row["attempts"][-1]
            self.assertEqual(
                (attempt["input_uncached_tokens"], attempt["input_cached_tokens"], attempt["estimated"]), (10, 100, True)
            )
            self.assertGreaterEqual(attempt["output_tokens"], 2)
            self.assertEqual((row["complete"], row["status"]), (False, 200))
            self.assertGreater(row["cost_usd"], Decimal("0.0001725"))  # the input's

    def chat_and_leave(self):
        return self.leave("/v1/chat/completions", json.dumps(chat(stream=True)).encode())

    def messages_and_leave(self):
        return self.leave(MESSAGES, ASKED % b',"stream":true')

    def passed_and_leave(self):
        return self.leave(MESSAGES, ASKED % b',"stream":true,"top_k":3')

    def leave(self, path, body):
        with self.weir.connect() as connection:
            connection.request("POST", path, body)
            while b"ur." not in connection.buffer:
                connection.fill()
            head = connection.buffer.split(b"\r\n\r\n")[0].decode().lower()
        return head.split("x-weir-request-id: ")[1].split("\r\n")[0]

    def test_an_error_in_the_middle(self):
        bad = events()[:4] + [event("error", error={"type": "overloaded_error", "message": "Overloaded"})]
        self.up.script(upstream.stream(bad))
        reply = self.weir.chat(chat(stream=True))
        self.assertIn("Overloaded", json.loads(reply.events[-1])["error"]["message"])
        self.assertNotIn("[DONE]", reply.events)

    def test_errors(self):
        said = {"type": "error", "error": {"type": "rate_limit_error", "message": "too fast"}, "request_id": "req_1"}
        self.up.script(upstream.body(said, status=429))
        self.assert_error(self.weir.chat(chat()), 429, "too fast")

    def test_what_it_has_no_word_for(self):
        error = self.assert_error(self.weir.chat(chat(logit_bias={"1": 5})), 400, "logit_bias")
        self.assertEqual(error["param"], "logit_bias")
        self.assertEqual(self.up.requests, [])


class Dropped(AnthropicCase):
    @classmethod
    def config(cls):
        config = super().config()
        config["providers"]["anthropic"]["drop_unsupported"] = True
        return config

    def test_left_out_and_told(self):
        reply = self.weir.chat(chat(logit_bias={"1": 5}))
        self.assert_answers(reply)
        self.assertEqual(reply.header("x-weir-dropped"), "logit_bias")
        self.assertNotIn("logit_bias", self.up.requests[0].json())


class OwnCallers(AnthropicCase):
    """Messages to a provider of Messages: bytes."""

    mode = "serve"

    def test_bytes_pass_and_the_next_one_is_a_hit(self):
        reply = self.messages(b',"temperature":0')
        self.assertEqual((reply.status, reply.json()), (200, message()))
        self.assertEqual(self.up.requests[0].body, ASKED % b',"temperature":0')
        self.assertEqual(Decimal(reply.header("x-weir-cost-usd")), COST)
        again = self.messages(b',"temperature":0')
        self.assertEqual(again.header("x-weir-tier"), "exact")
        self.assertEqual(again.json()["content"], message()["content"])
        self.assertEqual(len(self.up.requests), 1)

    def test_streams_pass(self):
        reply = self.messages(b',"stream":true,"temperature":0.0')
        self.assertEqual((reply.body, reply.complete), (b"".join(events()), True))
        row = self.weir.row(reply)
        self.assertEqual((row["cost_usd"], row["complete"]), (COST, True))
        again = self.messages(b',"temperature":0.0')
        self.assertEqual(again.header("x-weir-tier"), "exact")

    def test_streams_that_break_off_end_with_an_error(self):
        whole = b"".join(events())
        for cut in range(0, len(whole), 41):
            self.up.script(upstream.stream([whole], cut=cut))
            reply = self.messages(b',"stream":true,"temperature":0.5')
            if reply.status != 200:
                self.assertEqual(reply.json()["type"], "error")
                continue
            last = json.loads(reply.events[-1])
            self.assertEqual(last["type"], "error", cut)
            self.assertEqual(sum(json.loads(data)["type"] == "message_stop" for data in reply.events), 0)

    def test_errors_pass(self):
        said = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        self.up.script(upstream.body(said, status=529))
        reply = self.messages()
        self.assertEqual((reply.status, reply.json()), (529, said))

    def test_what_chat_has_no_words_for(self):
        tools = b',"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":5}],"top_k":5'
        for more in (tools, tools + b',"stream":true'):
            self.up.forget()
            reply = self.messages(more, [("x-weir-debug", "1")])
            self.assertEqual(reply.status, 200, reply)
            self.assertEqual(self.up.requests[0].body, ASKED % more)
            self.assertEqual(self.weir.row(reply)["cost_usd"], COST)
            if b"stream" in more:
                self.assertEqual(reply.body, b"".join(events()))
            else:
                self.assertEqual(reply.json(), message())

    def test_only_from_the_caches_asks_nobody(self):
        reply = self.messages(b',"top_k":5', [("x-weir-cache", "only")])
        self.assertEqual((reply.status, reply.json()["error"]["type"]), (504, "timeout_error"))
        self.assertEqual(self.up.requests, [])

    def test_tokens_are_counted_by_the_provider(self):
        self.up.script(upstream.body({"input_tokens": 14}))
        body = {"model": "anthropic/claude-x", "messages": [{"role": "user", "content": "hello"}]}
        reply = self.weir.ask("POST", MESSAGES + "/count_tokens", body)
        self.assertEqual((reply.status, reply.json()), (200, {"input_tokens": 14}))
        self.assertEqual(self.up.requests[0].target, "/v1/messages/count_tokens")
        self.assertEqual(self.up.requests[0].model, "claude-x")
        self.assertEqual(self.weir.row(reply)["cost_usd"], 0)

    def test_other_apis_share_the_entry(self):
        self.messages(b',"temperature":0.25')
        body = {"model": "claude-x", "max_tokens": 100, "temperature": 0.25}
        body["messages"] = [{"role": "user", "content": "caf\u00e9?"}]
        self.assertIn(self.weir.chat(body).header("x-weir-tier"), ("exact", "reference"))


class Gemini(GatewayCase):
    env = {"KEY": "gm-0123456789"}

    @classmethod
    def config(cls):
        config = simple(cls.up)
        config["providers"] = {
            "gemini": {"api": "gemini", "base_url": cls.up.base_url + "beta", "key": "${KEY}", "retries": {"most": 0}}
        }
        config["models"] = {"gemini/flash": {"price": {"input": 1, "cached_input": "0.25", "output": 4}}}
        config["cascades"]["default"]["match"] = {"model": ["flash"]}
        return config

    USAGE = {
        "promptTokenCount": 100,
        "cachedContentTokenCount": 40,
        "candidatesTokenCount": 10,
        "thoughtsTokenCount": 20,
        "totalTokenCount": 130,
    }
    COST = Decimal("0.00019")  # 60 + 40 / 4 + 30 x 4

    def part(self, text, **more):
        candidate = dict({"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}, **more)
        return {"candidates": [candidate], "usageMetadata": self.USAGE, "modelVersion": "flash-1", "responseId": "r1"}

    def test_body_and_stream(self):
        self.up.answer = upstream.body(self.part("Four.", finishReason="STOP"))
        reply = self.weir.chat(chat(model="flash"))
        self.assert_answers(reply)
        self.assertEqual(Decimal(reply.header("x-weir-cost-usd")), self.COST)
        self.assertEqual(self.up.requests[0].target, "/v1beta/models/flash:generateContent")
        self.assertEqual(self.up.requests[0].header("x-goog-api-key"), "gm-0123456789")
        parts = [self.part("Fo"), self.part("ur.", finishReason="STOP")]
        sent = [b"data: " + json.dumps(part).encode() + b"\r\n\r\n" for part in parts]
        self.up.answer = upstream.stream(sent)
        reply = self.weir.chat(chat(model="flash", stream=True))
        self.assert_answers(reply)
        self.assertEqual(self.up.requests[1].target, "/v1beta/models/flash:streamGenerateContent?alt=sse")
        self.assertEqual(self.weir.row(reply)["cost_usd"], self.COST)
        self.up.answer = upstream.stream(sent[:1])
        reply = self.weir.chat(chat(model="flash", stream=True))
        self.assertNotIn("[DONE]", reply.events)
        self.assertIn("error", json.loads(reply.events[-1]))

    def test_messages_to_gemini(self):
        self.up.answer = upstream.body(self.part("Four.", finishReason="STOP"))
        body = {"model": "flash", "max_tokens": 10, "messages": [{"role": "user", "content": "2+2?"}]}
        reply = self.weir.ask("POST", MESSAGES, body)
        self.assertEqual(reply.json()["content"][-1], {"type": "text", "text": "Four."})
        self.assertEqual(reply.json()["usage"]["cache_read_input_tokens"], 40)
        self.assertEqual(self.weir.row(reply)["cost_usd"], self.COST)


class CheapTier(GatewayCase):
    """A model of another API as a tier before the reference."""

    env = {"KEY": "k"}

    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=["anthropic/claude-small"])
        config["providers"]["anthropic"] = {"api": "anthropic", "base_url": cls.up.base_url, "key": "${KEY}"}
        config["models"]["anthropic/claude-small"] = {"price": {"input": "0.1", "output": "0.2"}}
        config["cascades"]["default"]["promise"] = {"disagreement": "10%", "confidence": "80%"}
        return config

    def test_it_is_tried(self):
        self.up.by_model = {"claude-small": upstream.body(message("Four.")), "gpt-4o": upstream.Model()}
        reply = self.weir.chat(chat(model="gpt-4o", temperature=0))
        self.assert_answers(reply)
        self.up.wait_requests(2)
        small = [seen for seen in self.up.requests if seen.model == "claude-small"]
        self.assertEqual([seen.target for seen in small], ["/v1/messages"])


if __name__ == "__main__":
    unittest.main()

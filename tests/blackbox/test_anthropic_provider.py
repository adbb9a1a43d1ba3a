"""A provider that speaks Anthropic's Messages: callers of chat see chat, callers of Messages the provider's own bytes."""

import json

from harness import client, upstream
from harness.case import GatewayCase

MESSAGE = {
    "id": "msg_01",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [
        {"type": "thinking", "thinking": "2 + 2", "signature": "EqQ="},
        {"type": "text", "text": "Four."},
        {"type": "tool_use", "id": "toolu_1", "name": "note", "input": {"n": 4}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 10,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 100,
        "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 5,
        "service_tier": "standard",
    },
}
USAGE = {
    "prompt_tokens": 140,
    "completion_tokens": 5,
    "total_tokens": 145,
    "prompt_tokens_details": {"cached_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 0},
}


def event(kind, **members):
    document = dict({"type": kind}, **members)
    return b"event: " + kind.encode() + b"\ndata: " + json.dumps(document).encode() + b"\n\n"


def events():
    """MESSAGE as a stream."""
    begun = dict(MESSAGE, content=[], stop_reason=None, usage=dict(MESSAGE["usage"], output_tokens=1))
    found = [event("message_start", message=begun)]
    deltas = [
        [{"type": "thinking_delta", "thinking": "2 + 2"}, {"type": "signature_delta", "signature": "EqQ="}],
        [{"type": "text_delta", "text": "Fo"}, {"type": "text_delta", "text": "ur."}],
        [{"type": "input_json_delta", "partial_json": p} for p in ('{"n":', "4}")],
    ]
    starts = [
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "text", "text": ""},
        dict(MESSAGE["content"][2], input={}),
    ]
    for index, start in enumerate(starts):
        found.append(event("content_block_start", index=index, content_block=start))
        found += [event("content_block_delta", index=index, delta=delta) for delta in deltas[index]]
        found.append(event("content_block_stop", index=index))
    found.append(event("ping"))
    end = {"stop_reason": "tool_use", "stop_sequence": None}
    found.append(event("message_delta", delta=end, usage={"output_tokens": 5}))
    return found + [event("message_stop")]


def request(**members):
    asked = {"model": "claude", "max_tokens": 100, "messages": [{"role": "user", "content": "What is two and two?"}]}
    return dict(asked, **members)


class AnthropicProvider(GatewayCase):
    env = {"FAKE_KEY": "sk-ant-1"}

    @classmethod
    def config(cls):
        anthropic = {"api": "anthropic", "base_url": cls.up.base_url, "key": "${FAKE_KEY}"}
        models = {"price": {"input": 1, "output": 10}, "upstream_name": "claude-sonnet-4-5"}
        return {
            "providers": {"strict": anthropic, "easy": dict(anthropic, drop_unsupported=True)},
            "models": {"strict/claude": models, "easy/claude-easy": models},
            "cascades": {
                "default": {"match": {"model": ["claude", "claude-easy"]}, "tiers": ["exact"], "mode": "serve"}
            },
        }

    def setUp(self):
        super().setUp()
        self.up.answer = self.say

    @staticmethod
    def say(exchange):
        streamed, headers = exchange.seen.json().get("stream"), [("request-id", "req_theirs")]
        answer = upstream.stream(events(), headers=headers) if streamed else upstream.body(MESSAGE, headers=headers)
        return answer(exchange)

    def test_body(self):
        system = {"role": "system", "content": "Be brief."}
        asked = {"role": "user", "content": "Body?"}
        reply = self.weir.chat(model="claude", messages=[system, asked], reasoning_effort="low", stop="END")
        self.assertEqual(reply.status, 200, reply)
        document = reply.json()
        choice = document["choices"][0]
        self.assertEqual(choice["finish_reason"], "tool_calls")
        self.assertEqual(choice["message"]["content"], "Four.")
        self.assertEqual(choice["message"]["thinking_blocks"], MESSAGE["content"][:1])
        call = choice["message"]["tool_calls"][0]
        self.assertEqual((call["id"], call["function"]), ("toolu_1", {"name": "note", "arguments": '{"n": 4}'}))
        self.assertEqual({name: document["usage"][name] for name in USAGE}, USAGE)
        self.assertEqual(document["usage"]["cache_creation_input_tokens"], 30)
        seen = self.up.requests[0]
        self.assertEqual(seen.target, "/v1/messages")
        self.assertEqual(seen.header("x-api-key"), "sk-ant-1")
        self.assertIsNone(seen.header("authorization"))
        self.assertEqual(seen.header("anthropic-version"), "2023-06-01")
        self.assertEqual(
            seen.json(),
            {
                "model": "claude-sonnet-4-5",
                "max_tokens": 64000,
                "system": "Be brief.",
                "messages": [asked],
                "stop_sequences": ["END"],
                "output_config": {"effort": "low"},
            },
        )

    def test_stream(self):
        asked = [{"role": "user", "content": "Stream?"}]
        reply = self.weir.chat(model="claude", messages=asked, stream=True, stream_options={"include_usage": True})
        self.assert_answers(reply)
        chunks = [json.loads(data) for data in reply.events[:-1]]
        self.assertEqual({chunk["id"] for chunk in chunks}, {"msg_01"})
        self.assertEqual(chunks[-1]["choices"], [])
        self.assertEqual({name: chunks[-1]["usage"][name] for name in USAGE}, USAGE)
        # The same out of the cache, without the usage that nobody asked for.
        again = self.weir.chat(model="claude", messages=asked, stream=True)
        self.assert_answers(again)
        self.assertEqual(again.header("x-weir-cache"), "hit")
        self.assertNotIn(b'"usage":{', again.body)
        self.assertEqual(len(self.up.requests), 1)

    def test_messages_go_through(self):
        asked = request(messages=[{"role": "user", "content": "Native?"}], top_k=None)
        reply = self.weir.ask("POST", "/v1/messages", asked, [("x-api-key", "caller")])
        self.assertEqual(reply.json(), MESSAGE)
        self.assertEqual(reply.header("request-id"), "req_theirs")
        sent = dict(asked, model="claude-sonnet-4-5")
        self.assertEqual(self.up.requests[0].json(), sent)
        self.assertEqual(self.up.requests[0].header("x-api-key"), "sk-ant-1")
        # Signed thoughts and what was written to the provider's cache come out of Weir's, too.
        again = self.weir.ask("POST", "/v1/messages", asked)
        self.assertEqual(again.header("x-weir-cache"), "hit")
        self.assertEqual(again.header("request-id"), "req_" + again.header("x-weir-request-id"))
        self.assertEqual(again.json()["content"], MESSAGE["content"])
        self.assertEqual(again.json()["stop_reason"], "tool_use")
        self.assertEqual(again.json()["usage"]["cache_creation"], MESSAGE["usage"]["cache_creation"])
        streamed = self.weir.ask("POST", "/v1/messages", dict(asked, stream=True))
        self.assertIn(b'"type":"signature_delta","signature":"EqQ="', streamed.body)
        fresh = request(messages=[{"role": "user", "content": "Native stream?"}], stream=True)
        reply = self.weir.ask("POST", "/v1/messages", fresh)
        self.assertEqual(reply.body, b"".join(events()))
        self.assertEqual(reply.header("request-id"), "req_theirs")

    def test_ids_of_failures_to_callers_of_messages(self):
        told = {"type": "error", "error": {"type": "api_error", "message": "No."}, "request_id": "req_theirs"}
        for status, same in ((500, True), (401, False)):  # 401: a refused key of the gateway's, in Weir's words
            with self.subTest(status=status):
                self.up.script(upstream.body(told, status, [("request-id", "req_theirs")]))
                asked = request(messages=[{"role": "user", "content": "Id of %d?" % status}])
                reply = self.weir.ask("POST", "/v1/messages", asked)
                self.assertEqual(reply.header("request-id"), reply.json()["request_id"])
                self.assertEqual(reply.header("request-id") == "req_theirs", same)

    def test_broken_streams(self):
        whole = events()
        for number, size in enumerate((1, 5, len(whole) - 1)):
            with self.subTest(events=size):
                self.up.script(upstream.stream(whole[:size]))
                asked = [{"role": "user", "content": "Broken %d?" % number}]
                reply = self.weir.chat(model="claude", messages=asked, stream=True)
                self.assertNotIn("[DONE]", reply.events)
                self.assertEqual(json.loads(reply.events[-1])["error"]["code"], "upstream_broke_off")
        overloaded = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
        self.up.script(upstream.stream(whole[:7] + [overloaded]))
        asked = [{"role": "user", "content": "Overloaded?"}]
        reply = self.weir.chat(model="claude", messages=asked, stream=True)
        self.assertEqual(client.stream_text(reply), "Fo")
        self.assertEqual(json.loads(reply.events[-1])["error"]["code"], "overloaded")

    def test_errors(self):
        def failing(status, kind, message):
            return upstream.body({"type": "error", "error": {"type": kind, "message": message}}, status)

        for status, told, kind, code in (
            (429, 429, "rate_limit_error", "rate_limit_exceeded"),
            (529, 503, "overloaded_error", "overloaded"),
            (400, 400, "invalid_request_error", None),
        ):
            with self.subTest(status=status):
                self.up.answer = failing(status, kind, "As it is.")  # whenever it is tried again
                asked = [{"role": "user", "content": "Error %d?" % status}]
                self.assert_error(self.weir.chat(model="claude", messages=asked), told, "As it is.", code=code)
        self.up.answer = upstream.body({"choices": []})
        asked = [{"role": "user", "content": "No message?"}]
        self.assert_error(self.weir.chat(model="claude", messages=asked), 502, "no message")

    def test_what_has_no_place(self):
        asked = [{"role": "user", "content": "Unsupported?"}]
        reply = self.weir.chat(model="claude", messages=asked, seed=7)
        self.assert_error(reply, 400, "seed", param="seed")
        self.assertEqual(self.up.requests, [])
        reply = self.weir.chat(model="claude-easy", messages=asked, seed=7, logprobs=True)
        self.assert_answers(reply)
        self.assertEqual(reply.header("x-weir-dropped"), "seed, logprobs")
        self.assertNotIn("seed", self.up.requests[0].json())

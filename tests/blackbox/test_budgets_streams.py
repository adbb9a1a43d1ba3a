"""Streams that outgrow their budget end as their API ends an answer that has come to max_tokens: chat, translated, and
what goes on in the caller's own API as the provider sends it."""

import json
import unittest

from blackbox.test_budgets import BudgetCase
from harness import upstream
from harness.gateway import Gateway, simple

MANY = 5000  # pieces: far more than the budget has


def data(document):
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def typed(kind, **members):
    return b"event: " + kind.encode() + b"\n" + data(dict({"type": kind}, **members))


def chat_events(choices=1):
    head = {"id": "chatcmpl-own", "object": "chat.completion.chunk", "created": 1234, "model": "vendor-7b", "system_fingerprint": "fp"}
    for at in range(MANY):
        choice = {"index": at % choices, "delta": {"content": "word "}, "finish_reason": None}
        yield data(dict(head, choices=[choice]))


def completions_events():
    head = {"id": "cmpl-own", "object": "text_completion", "created": 1234, "model": "vendor-7b"}
    for _ in range(MANY):
        yield data(dict(head, choices=[{"text": "word ", "index": 0, "logprobs": None, "finish_reason": None}]))


def messages_events():
    usage = {"input_tokens": 20, "output_tokens": 1}
    message = {"id": "msg_own", "type": "message", "role": "assistant", "model": "vendor", "content": [], "stop_reason": None}
    yield typed("message_start", message=dict(message, usage=usage))
    yield typed("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for _ in range(MANY):
        yield typed("content_block_delta", index=0, delta={"type": "text_delta", "text": "word "})


def responses_events():
    response = {"id": "resp_own", "object": "response", "created_at": 1234, "model": "vendor", "status": "in_progress",
                "output": [], "usage": None, "incomplete_details": None}
    place = {"item_id": "msg_own", "output_index": 0}
    yield typed("response.created", sequence_number=0, response=response)
    item = {"id": "msg_own", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    yield typed("response.output_item.added", sequence_number=1, output_index=0, item=item)
    part = {"type": "output_text", "text": "", "annotations": []}
    yield typed("response.content_part.added", sequence_number=2, content_index=0, part=part, **place)
    for at in range(MANY):
        yield typed("response.output_text.delta", sequence_number=3 + at, content_index=0, delta="word ", **place)


class Cut(BudgetCase):
    def setUp(self):
        super().setUp()
        config = simple(self.up, budgets=[{"name": "cut", "limit_usd": "0.0015", "window": "day", "outgrow": "cut"}])
        config["providers"]["fake"]["offers"] = ["messages", "responses", "completions"]
        self.cutting = Gateway(config)
        self.addCleanup(self.cutting.__exit__)
        self.cutting.start()

    def ask(self, path, events, **members):
        self.up.answer = upstream.stream(list(events))
        reply = self.cutting.ask("POST", path, dict({"model": "gpt-4o", "stream": True}, **members))
        self.assertEqual((reply.status, reply.complete), (200, True), reply)
        self.assertLess(len(reply.body), 300_000)
        # Its reserve is the first guess, 256 tokens: that is what it may be too much by, and what came with one read.
        spent = self.settled(self.cutting, "cut")["spent_usd"]
        self.assertGreater(spent, 0.0015)
        self.assertLess(spent, 0.0015 + 0.003 + 0.006)
        row = self.cutting.row(reply)
        self.assertEqual((row["complete"], row["status"]), (False, 200))
        again = self.cutting.chat()
        self.assert_error(again, 429, "is spent", code="budget_exceeded")
        return reply

    def documents(self, reply):
        return [json.loads(event) for event in reply.events if event != "[DONE]"]

    def test_chat_keeps_its_id_and_model(self):
        """All chunks have them, the last one too; every choice that is open is ended, and usage is told who asked."""
        reply = self.ask("/v1/chat/completions", chat_events(2), n=2, stream_options={"include_usage": True},
                         messages=[{"role": "user", "content": "Go on."}])
        said = self.documents(reply)
        for key in ("id", "object", "created", "model", "system_fingerprint"):
            self.assertEqual({json.dumps(one.get(key)) for one in said}, {json.dumps(said[0][key])}, key)
        ended = [one["choices"][0]["index"] for one in said if one["choices"] and one["choices"][0]["finish_reason"] == "length"]
        self.assertEqual(ended, [0, 1])
        self.assertEqual(said[-1]["choices"], [])
        self.assertEqual(said[-1]["usage"]["completion_tokens"], len(said) - 3)
        self.assertEqual(reply.events[-1], "[DONE]")

    def test_completions(self):
        for more in ({}, {"suffix": "in chat there is no word for it"}):
            self.setUp()
            reply = self.ask("/v1/completions", completions_events(), prompt="Go on.", **more)
            said = self.documents(reply)
            self.assertEqual({one["id"] for one in said}, {"cmpl-own"})
            self.assertEqual({one["model"] for one in said}, {"vendor-7b"})
            self.assertEqual(said[-1]["choices"], [{"index": 0, "text": "", "logprobs": None, "finish_reason": "length"}])
            self.assertEqual(reply.events[-1], "[DONE]")

    def test_messages(self):
        for more in ({}, {"top_k": 3}):
            self.setUp()
            reply = self.ask("/v1/messages", messages_events(), max_tokens=9999,
                             messages=[{"role": "user", "content": "Go on."}], **more)
            said = self.documents(reply)
            self.assertEqual([one["type"] for one in said[-3:]], ["content_block_stop", "message_delta", "message_stop"])
            self.assertEqual(said[-2]["delta"], {"stop_reason": "max_tokens", "stop_sequence": None})
            self.assertGreaterEqual(said[-2]["usage"]["output_tokens"], 100)
            self.assertEqual(said[0]["message"]["id"], "msg_own")

    def test_responses(self):
        for more in ({}, {"previous_response_id": "resp_before"}):
            self.setUp()
            reply = self.ask("/v1/responses", responses_events(), input="Go on.", **more)
            said = self.documents(reply)
            self.assertEqual([one["sequence_number"] for one in said], list(range(len(said))))
            self.assertEqual([one["type"] for one in said[-4:]],
                             ["response.output_text.done", "response.content_part.done", "response.output_item.done",
                              "response.incomplete"])
            response = said[-1]["response"]
            self.assertEqual((response["id"], response["model"], response["status"]), ("resp_own", "vendor", "incomplete"))
            self.assertEqual(response["incomplete_details"], {"reason": "max_output_tokens"})
            text = "".join(one["delta"] for one in said if one["type"] == "response.output_text.delta")
            self.assertEqual(response["output"][0]["content"][0]["text"], text)
            self.assertEqual(response["output"][0]["status"], "incomplete")


if __name__ == "__main__":
    unittest.main()

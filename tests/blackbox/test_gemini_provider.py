"""A provider that speaks Gemini's generateContent, asked by callers who speak chat or Anthropic Messages."""

import json
import unittest

from harness import client, upstream
from harness.case import GatewayCase
from harness.gateway import simple

USAGE = {
    "promptTokenCount": 1000,
    "cachedContentTokenCount": 400,
    "candidatesTokenCount": 20,
    "thoughtsTokenCount": 80,
    "totalTokenCount": 1100,
}


def answer(parts, finish="STOP", usage=USAGE, **members):
    content = {"parts": parts, "role": "model"}
    candidate = {"content": content, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return dict({"candidates": [candidate], "usageMetadata": usage, "responseId": "r-1"}, **members)


def events(*answers):
    return [b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in answers]


class GeminiProvider(GatewayCase):
    env = {"GEMINI_KEY": "g-secret"}

    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=["exact"])
        price = {"price": {"input": 2, "cached_input": 1, "output": 10}}
        config["providers"] = {
            "google": {
                "api": "gemini",
                "base_url": cls.up.base_url.replace("/v1", "/v1beta"),
                "key": "${GEMINI_KEY}",
                "retries": {"most": 0},
            }
        }
        config["models"] = {"google/gemini-2.5-flash": price}
        config["cascades"]["default"]["match"] = {"model": ["gemini-2.5-flash"]}
        return config

    def ask(self, text, **members):
        members.setdefault("messages", [{"role": "user", "content": text}])
        return self.weir.chat(model="gemini-2.5-flash", **members)

    def test_a_body_and_what_it_costs(self):
        self.up.answer = upstream.body(answer([{"text": "Four."}]))
        reply = self.ask("Two and two?", max_tokens=50)
        self.assert_answers(reply)
        self.assertEqual(reply.json()["usage"]["completion_tokens"], 100)
        # 600 x 2 + 400 x 1 + 100 x 10 dollars for a million
        self.assertEqual(reply.header("x-weir-cost-usd"), "0.0026")
        (seen,) = self.up.requests
        self.assertEqual(seen.target, "/v1beta/models/gemini-2.5-flash:generateContent")
        self.assertEqual(seen.header("x-goog-api-key"), "g-secret")
        self.assertIsNone(seen.header("authorization"))
        self.assertEqual(
            seen.json(),
            {
                "contents": [{"role": "user", "parts": [{"text": "Two and two?"}]}],
                "generationConfig": {"maxOutputTokens": 50},
            },
        )
        again = self.ask("Two and two?", max_tokens=50)
        self.assertEqual(again.header("x-weir-cache"), "hit")
        self.assert_answers(again)

    def test_a_stream(self):
        self.up.answer = upstream.stream(
            events(answer([{"text": "Fo"}], None), answer([{"text": "u"}], None), answer([{"text": "r."}])), piece=7
        )
        reply = self.ask("Stream it", stream=True)
        self.assert_answers(reply)
        self.assertEqual(self.up.requests[0].target, "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse")
        row = self.weir.row(reply)
        self.assertEqual(str(row["cost_usd"]), "0.0026")
        self.assertEqual(self.ask("Stream it").header("x-weir-cache"), "hit")

    def test_a_stream_that_breaks_off(self):
        whole = events(answer([{"text": "Fo"}], None), answer([{"text": "ur."}]))
        for name, answers in (("no reason", whole[:1]), ("half an event", [whole[0], whole[1][:-2]])):
            with self.subTest(name):
                self.up.answer = upstream.stream(answers)
                reply = self.ask("Break off: " + name, stream=True)
                self.assertNotIn("[DONE]", reply.events)
                self.assertIn("error", json.loads(reply.events[-1]))

    def test_calls_go_there_and_back(self):
        call = {"functionCall": {"name": "f", "args": {"a": 1.0}}, "thoughtSignature": "Sig=="}
        self.up.answer = upstream.body(answer([call]))
        tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
        message = self.ask("Call it", tools=tools).json()["choices"][0]["message"]
        result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": '{"b": 2}'}
        self.up.answer = upstream.body(answer([{"text": "Four."}]))
        reply = self.ask("", messages=[{"role": "user", "content": "Call it"}, message, result], tools=tools)
        self.assert_answers(reply)
        contents = self.up.requests[1].json()["contents"]
        self.assertEqual(contents[1]["parts"][0]["thoughtSignature"], "Sig==")
        self.assertEqual(contents[1]["parts"][0]["functionCall"]["args"], {"a": 1.0})
        self.assertEqual(contents[2]["parts"][0]["functionResponse"]["response"], {"b": 2})

    def test_what_was_withheld_is_an_answer(self):
        blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 5}}
        self.up.answer = upstream.body(blocked)
        for _ in range(2):  # and is not kept
            (choice,) = self.ask("Block it").json()["choices"]
            self.assertEqual(choice["finish_reason"], "content_filter")
            self.assertIn("SAFETY", choice["message"]["refusal"])
        self.assertEqual(len(self.up.requests), 2)

    def test_what_has_no_word_and_what_goes_wrong(self):
        self.assert_error(self.ask("a", logit_bias={"1": 5}), 400, param="logit_bias")
        self.assertEqual(self.up.requests, [])
        said = {"error": {"code": 429, "message": "Quota exceeded.", "status": "RESOURCE_EXHAUSTED"}}
        self.up.answer = upstream.body(said, status=429)
        self.assert_error(self.ask("b"), 429, "Quota", kind="rate_limit_error", code="rate_limit_exceeded")
        self.up.answer = upstream.body(b"{}")
        self.assert_error(self.ask("c"), 502)

    def test_a_caller_of_messages(self):
        self.up.answer = upstream.stream(events(answer([{"text": "Hm.", "thought": True}], None), answer([{"text": "Four."}])))
        body = {"model": "gemini-2.5-flash", "max_tokens": 9, "stream": True, "system": "Be brief."}
        body["messages"] = [{"role": "user", "content": "As Messages"}]
        reply = self.weir.ask("POST", "/v1/messages", body)
        self.assertEqual(reply.status, 200, reply)
        kinds = [json.loads(data)["type"] for data in client.sse_data(reply.body)]
        self.assertEqual(kinds[-1], "message_stop")
        self.assertEqual(self.up.requests[0].json()["systemInstruction"], {"parts": [{"text": "Be brief."}]})


if __name__ == "__main__":
    unittest.main()

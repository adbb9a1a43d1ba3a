"""OpenAI's legacy Completions in front of a provider that speaks chat."""

import json

from harness import upstream
from harness.case import GatewayCase
from harness.dialects import TOKENS
from harness.gateway import simple

PATH = "/v1/completions"
TEXT = "Four, d\u00e9j\u00e0 vu."


class CompletionsCase(GatewayCase):
    @classmethod
    def config(cls):
        return simple(cls.up, mode="serve", tiers=["exact"])

    def setUp(self):
        super().setUp()
        self.up.answer = upstream.Model(TEXT, tokens=TOKENS)

    def ask(self, prompt="What is two and two?", headers=(), **members):
        return self.weir.ask("POST", PATH, dict({"model": "gpt-4o", "prompt": prompt}, **members), headers)

    def chunks(self, reply):
        self.assertEqual(reply.status, 200, reply)
        self.assertEqual(reply.events[-1], "[DONE]")
        found = [json.loads(event) for event in reply.events[:-1]]
        for document in found:
            self.assertEqual((document["object"], document["id"][:5]), ("text_completion", "cmpl-"))
            self.assertEqual(document["id"], found[0]["id"])
        return found

    def text_of(self, reply):
        return "".join(choice["text"] for document in self.chunks(reply) for choice in document["choices"])


class Completions(CompletionsCase):
    def test_body_and_stream_from_provider_and_cache(self):
        for prompt, order in (("Body first?", (False, True)), ("Stream first?", (True, False))):
            self.up.answer = upstream.Model(TEXT, tokens=TOKENS)
            for number, streamed in enumerate(order):
                reply = self.ask(prompt, stream=streamed)
                self.assertEqual(reply.header("x-weir-cache"), "hit" if number else "miss")
                if streamed:
                    self.assertEqual(self.text_of(reply), TEXT)
                    ends = [choice["finish_reason"] for c in self.chunks(reply) for choice in c["choices"]]
                    self.assertEqual(ends, [None] * (len(ends) - 1) + ["stop"])
                    self.assertNotIn(b"usage", reply.body)
                else:
                    self.assertEqual(
                        reply.json(),
                        {
                            "id": "cmpl-1",
                            "object": "text_completion",
                            "created": 1720000000,
                            "model": "gpt-4o",
                            "system_fingerprint": "fp_fake",
                            "choices": [{"text": TEXT, "index": 0, "logprobs": None, "finish_reason": "stop"}],
                            "usage": upstream.usage_of(20, 3, 8),
                        },
                    )
        row = self.weir.row(self.ask("Priced?"))
        self.assertEqual((row["tier"], row["complete"], row["attempts"][-1]["input_cached_tokens"]), ("reference", True, 8))

    def test_usage_where_it_is_asked_for(self):
        for _ in range(2):  # from the provider, and from the cache
            chunks = self.chunks(self.ask("Usage?", stream=True, stream_options={"include_usage": True}))
            self.assertEqual((chunks[-1]["choices"], chunks[-1]["usage"]["completion_tokens"]), ([], 3))
            self.assertTrue(all(chunk["usage"] is None for chunk in chunks[:-1]))
        self.assertEqual(len(self.up.requests), 1)

    def test_what_the_provider_is_asked(self):
        self.ask(["Once"], max_tokens=7, temperature=0, stop=["\n"], seed=3, top_k=5, n=1, best_of=1, echo=False, user="u")
        self.assertEqual(
            self.up.requests[0].json(),
            {
                "model": "gpt-4o",
                "messages": [{"role": "user", "content": "Once"}],
                "max_tokens": 7,
                "temperature": 0,
                "stop": ["\n"],
                "seed": 3,
                "top_k": 5,
                "n": 1,
                "user": "u",
            },
        )

    def test_log_probabilities_in_the_legacy_shape(self):
        tokens = upstream.pieces_of(TEXT)
        offsets = [TEXT.index(token) for token in tokens]
        for streamed in (False, True):
            reply = self.ask("Likely?", logprobs=0, stream=streamed)
            documents = self.chunks(reply) if streamed else [reply.json()]
            probs = [c["logprobs"] for d in documents for c in d["choices"] if c["logprobs"]]
            joined = {name: [value for each in probs for value in each[name]] for name in probs[0]}
            self.assertEqual(
                joined,
                {
                    "tokens": tokens,
                    "token_logprobs": [-0.01] * len(tokens),
                    "top_logprobs": [{token: -0.01} for token in tokens],
                    "text_offset": offsets,
                },
            )
        self.assertEqual(len(self.up.requests), 1)
        self.assertIs(self.up.requests[0].json()["logprobs"], True)

    def test_shares_with_chat(self):
        messages = [{"role": "user", "content": "Shared?"}]
        self.weir.chat({"model": "gpt-4o", "messages": messages, "max_tokens": 9})
        reply = self.ask("Shared?", max_tokens=9)
        self.assertEqual((reply.header("x-weir-cache"), reply.json()["choices"][0]["text"]), ("hit", TEXT))
        self.assertEqual(self.ask("Shared?").header("x-weir-cache"), "miss", "another limit")

    def test_errors(self):
        for members, param in (
            ({"prompt": ["a", "b"]}, "prompt"),
            ({"prompt": [1, 2]}, "prompt"),
            ({"prompt": None}, "prompt"),
            ({"echo": True}, "echo"),
            ({"suffix": "x"}, "suffix"),
            ({"best_of": 2}, "best_of"),
            ({"logprobs": 30}, "logprobs"),
            ({"messages": []}, "messages"),
            ({"temperature": "hot"}, "temperature"),
            ({"model": None}, "model"),
        ):
            with self.subTest(param=param):
                reply = self.ask(**dict({"prompt": "x"}, **members))
                self.assert_error(reply, 400, param, kind="invalid_request_error", param=param)
        self.assert_error(self.weir.ask("GET", PATH), 405, "POST")
        self.assertEqual(self.up.requests, [])
        self.up.script(upstream.error(429, "so it is", headers=[("retry-after", "3")]))
        reply = self.ask("Refused?", stream=True)
        self.assert_error(reply, 429, "so it is")
        self.assertEqual(reply.header("retry-after"), "3")

    def test_a_broken_upstream_never_looks_like_an_end(self):
        head = {"id": "chatcmpl-1", "created": 1, "model": "gpt-4o"}
        whole = b"".join(upstream.chat_events("One two.", head))
        for number, cut in enumerate(range(0, len(whole), 61)):
            self.up.script(upstream.stream([whole], how="close", cut=cut))
            reply = self.ask("Cut %d?" % number, stream=True)
            if reply.status != 200:
                self.assert_error(reply, 502)
                continue
            self.assertNotIn("[DONE]", reply.events)
            self.assertEqual(json.loads(reply.events[-1])["error"]["type"], "server_error")
        unfinished = upstream.chat_events("One.", head)
        del unfinished[-2]
        self.up.script(upstream.stream(unfinished))
        reply = self.ask("Unfinished?", stream=True)
        self.assertNotIn("[DONE]", reply.events)
        self.assertIn("before it was finished", json.loads(reply.events[-1])["error"]["message"])

    def test_several_choices(self):
        choice = {"message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}
        document = {"id": "chatcmpl-1", "created": 1, "model": "m", "choices": [dict(choice, index=i) for i in range(2)]}
        self.up.script(upstream.body(document))
        choices = self.ask("Twice?", n=2, best_of=2).json()["choices"]
        self.assertEqual([(c["index"], c["text"]) for c in choices], [(0, "a"), (1, "a")])


if __name__ == "__main__":
    import unittest

    unittest.main()

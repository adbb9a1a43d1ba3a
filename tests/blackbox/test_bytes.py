"""Bodies as no serialiser would write them go up and come down as they are, in every API that the provider speaks: only
the model's name changes, and in a streamed chat the wish for its usage is added."""

import json
import random
import unittest

from harness import upstream
from harness.case import GatewayCase
from harness.gateway import simple

ROUNDS = 60
USAGE_ASKED = b',"stream_options":{"include_usage":true}'
NUMBERS = "0 -0 -0.0 1.0 2.50 1E+2 1e-7 0.70000 1e400 123456789012345678901234567890 3.14159265358979323846".split()
STRINGS = [
    '""',
    '"caf\\u00e9"',
    '"\u00e9\U0001f600"',
    '"\\ud83d\\ude00"',
    '"\\/ \\u0000 \\b\\f"',
    '"\\"model\\":\\"gpt-4o\\""',
    '"]}"',
]
NAMES = ["x_a", "x_a", "x_b", "X_A", "x\\u005fa", "x_\u00e9", ""]  # two of a name among them


class Odd:
    """Random JSON text, the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def gap(self):
        return self.random.choice(["", "", "", " ", "\n", "\t ", "\r\n  "])

    def value(self, depth=0):
        kind = self.random.randrange(6 if depth < 3 else 4)
        if kind == 0:
            return self.random.choice(NUMBERS)
        if kind in (1, 2):
            return self.random.choice(STRINGS)
        if kind == 3:
            return self.random.choice(["null", "true", "false", "[]", "{}", "[ ]", "{\n}"])
        if kind == 4:
            return self.joined("[", [self.value(depth + 1) for _ in range(self.random.randrange(4))], "]")
        return self.members(
            [(self.random.choice(NAMES), self.value(depth + 1)) for _ in range(self.random.randrange(4))]
        )

    def joined(self, first, items, last):
        return first + self.gap() + (self.gap() + "," + self.gap()).join(items) + self.gap() + last

    def members(self, pairs):
        return self.joined("{", ['"%s"%s:%s%s' % (name, self.gap(), self.gap(), value) for name, value in pairs], "}")

    def document(self, known):
        """`known` members, in any order, with others between them."""
        pairs = list(known) + [(self.random.choice(NAMES), self.value()) for _ in range(self.random.randrange(8))]
        self.random.shuffle(pairs)
        return self.members(pairs).encode()


class Bytes(GatewayCase):
    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=["exact"])
        config["providers"]["fake"]["offers"] = ["messages", "responses"]
        config["models"]["fake/renamed"] = {"upstream_name": "vendor/real-name:7b", "price": {"input": 1, "output": 1}}
        config["cascades"]["default"]["match"]["model"].append("renamed")
        return config

    def check(self, path, known, answer, streamed=False):
        for seed in range(ROUNDS):
            odd = Odd(seed)
            model = odd.random.choice(["gpt-4o", "renamed"])
            members = [("model", '"%s"' % model), *known(odd, seed)]
            body = odd.document(members + ([("stream", "true")] if streamed else []))
            sent = answer(odd)
            with self.subTest(path, seed=seed, streamed=streamed):
                self.up.forget()
                self.up.script(upstream.stream(sent) if streamed else upstream.body(sent))
                reply = self.weir.ask("POST", path, body, [("x-weir-provider", "fake")])
                self.assertEqual(len(self.up.requests), 1, reply)
                # The name stands in texts as well, where it is escaped.
                expected = body.replace(b'"renamed"', b'"vendor/real-name:7b"')
                got = self.up.requests[0].body
                if streamed and path == "/v1/chat/completions":
                    self.assertEqual(got.count(USAGE_ASKED), 1)
                    got = got.replace(USAGE_ASKED, b"")
                self.assertEqual(got, expected)
                self.assertEqual((reply.status, reply.body), (200, b"".join(sent) if streamed else sent))

    @staticmethod
    def asked(odd, seed, of="chat"):
        said = odd.members([("role", '"user"'), ("content", '"caf\\u00e9 of %s %d"' % (of, seed))])
        return [("messages", "[%s]" % said)]

    @staticmethod
    def message(odd):
        message = odd.members([("content", '"F\\u00f6ur"'), ("role", '"assistant"')])
        choice = odd.document([("message", message), ("index", "0"), ("finish_reason", '"stop"')]).decode()
        return odd.document(
            [
                ("id", '"chatcmpl-1"'),
                ("object", '"chat.completion"'),
                ("created", "1720000000"),
                ("model", '"m"'),
                ("choices", "[%s]" % choice),
            ]
        )

    def test_chat(self):
        self.check("/v1/chat/completions", self.asked, self.message)

    def test_streamed_chat(self):
        def events(odd):
            def chunk(delta, finish):
                choice = odd.members(
                    [("index", "0"), ("delta", delta), ("finish_reason", finish), ("x_a", odd.value(2))]
                )
                whole = odd.members([("id", '"chatcmpl-1"'), ("x_b", odd.value(2)), ("choices", "[%s]" % choice)])
                return ("data: %s\n\n" % whole.replace("\r", "").replace("\n", " ")).encode()

            return [
                chunk('{"content":"F\\u00f6"}', "null"),
                chunk('{"content":"ur"}', "null"),
                chunk("{}", '"stop"'),
                upstream.DONE,
            ]

        self.check("/v1/chat/completions", lambda odd, seed: self.asked(odd, seed, "stream"), events, streamed=True)

    def test_messages(self):
        def message(odd):
            block = odd.members([("type", '"text"'), ("text", '"F\\u00f6ur"')])
            known = [
                ("id", '"msg_1"'),
                ("type", '"message"'),
                ("role", '"assistant"'),
                ("model", '"m"'),
                ("content", "[%s]" % block),
                ("stop_reason", '"end_turn"'),
                ("usage", '{"input_tokens":1e0,"output_tokens":2}'),
            ]
            return odd.document(known)

        def known(odd, seed):
            return self.asked(odd, seed, "messages") + [("max_tokens", "1e2")]

        self.check("/v1/messages", known, message)

    def test_responses(self):
        def response(odd):
            part = odd.members([("type", '"output_text"'), ("text", '"F\\u00f6ur"')])
            item = odd.members(
                [("type", '"message"'), ("id", '"msg_1"'), ("role", '"assistant"'), ("content", "[%s]" % part)]
            )
            known = [
                ("id", '"resp_1"'),
                ("object", '"response"'),
                ("created_at", "1.72e9"),
                ("status", '"completed"'),
                ("model", '"m"'),
                ("output", "[%s]" % item),
            ]
            return odd.document(known)

        self.check("/v1/responses", lambda odd, seed: [("input", '"caf\\u00e9 %d, responses"' % seed)], response)

    def test_other_paths(self):
        self.check("/v1/moderations", lambda odd, seed: [("input", odd.value())], lambda odd: odd.document([]))

    def test_the_texts_are_json(self):
        for seed in range(ROUNDS):
            json.loads(Odd(seed).document(self.asked(Odd(seed), seed)))


if __name__ == "__main__":
    unittest.main()

"""OpenAI's Completions to a provider that has them: the caller's own bytes go up, the provider's come down."""

import json
import threading
import unittest
from decimal import Decimal

from blackbox.test_bytes import ROUNDS, USAGE_ASKED, Odd
from harness import upstream
from harness.case import GatewayCase
from harness.gateway import simple

PATH = "/v1/completions"
USAGE = b'{"prompt_tokens":140,"completion_tokens":5,"total_tokens":145,"prompt_tokens_details":{"cached_tokens":100}}'
COST = Decimal("0.000225")  # 40 at 3, 100 at 0.3, 5 at 15 USD a million
ANSWER = b'{"id":"cmpl-7", "object":"text_completion","created":1.72e9,"model":"m","choices":[{"text":" caf\\u00e9",' \
         b'"index":0,"logprobs":null,"finish_reason":"stop","stop_reason":null}],"usage":' + USAGE + b',"x":1,"x":2}'


def chunk(text, finish="null", index=0, more=b""):
    choice = b'{"text":"%s","index":%d,"logprobs":null,"finish_reason":%s}' % (text.encode(), index, finish.encode())
    return b'data: {"id":"cmpl-7","object":"text_completion","created":1,"choices":[' + choice + b'],"model":"m"' + more + b"}\n\n"


TEXTS = ["Fo", "\\u00fc", "r", " five", " six"]
LAST = b'data: {"id":"cmpl-7","object":"text_completion","choices":[],"usage":%s}\n\n' % USAGE
SHOWN = [chunk(text) for text in TEXTS] + [b": alive\n\n", chunk("", '"stop"')]
# As OpenAI sends it where usage is asked for.
NULLS = [chunk(text, more=b',"usage":null') for text in TEXTS] + [b": alive\n\n", chunk("", '"stop"', more=b',"usage":null')]


class Native(GatewayCase):
    @classmethod
    def config(cls):
        config = simple(cls.up, mode="serve", tiers=["exact"])
        config["providers"]["fake"]["offers"] = ["completions"]
        price = {"input": 3, "cached_input": "0.3", "output": 15}
        config["models"]["fake/gpt-4o"] = {"price": price}
        config["models"]["fake/renamed"] = {"upstream_name": "vendor/real-name:7b", "price": price}
        config["cascades"]["default"]["match"]["model"].append("renamed")
        return config

    def ask(self, body, headers=()):
        return self.weir.ask("POST", PATH, body, headers)

    def sent(self):
        (seen,) = self.up.requests
        self.assertEqual(seen.target, PATH)
        return seen.body

    def test_bytes_go_and_come_as_they_are(self):
        for seed in range(ROUNDS):
            odd = Odd(seed)
            model = odd.random.choice(["gpt-4o", "renamed"])
            prompt = odd.random.choice(['"caf\\u00e9 %d"', '["a%d"]', '["a","b%d"]', "[1,2e0,%d]", "[[1],[%d]]"]) % seed
            body = odd.document([("model", '"%s"' % model), ("prompt", prompt), ("max_tokens", "1e1")])
            with self.subTest(seed=seed, prompt=prompt):
                self.up.forget()
                self.up.script(upstream.body(ANSWER))
                reply = self.ask(body)
                self.assertEqual(self.sent(), body.replace(b'"renamed"', b'"vendor/real-name:7b"'))
                self.assertEqual((reply.status, reply.body), (200, ANSWER))
                self.assertEqual(self.weir.row(reply)["cost_usd"], COST)

    def test_streams_and_their_usage(self):
        """Asked for on Weir's behalf, and hidden; whether chat can have the request or not."""
        for number, more in enumerate((b"", b',"suffix":"x"', b',"logprobs":2', b',"echo":true', b',"n":2,"best_of":3', b',"x_own":1')):
            for events in (SHOWN, NULLS):
                body = b'{"model":"gpt-4o","prompt":"%d" %s,"temperature":0.5,"stream":true }' % (number, more)
                with self.subTest(more=more, nulls=events is NULLS):
                    self.up.forget()
                    self.up.script(upstream.stream(events + [LAST, upstream.DONE], piece=None if number % 2 else 11))
                    reply = self.ask(body)
                    self.assertEqual(self.sent(), body.replace(b" }", USAGE_ASKED + b" }"))
                    self.assertEqual((reply.status, reply.complete), (200, True))
                    self.assertEqual(reply.body, b"".join(SHOWN) + upstream.DONE)
                    row = self.weir.row(reply)
                    self.assertEqual((row["cost_usd"], row["complete"], row["attempts"][-1]["estimated"]), (COST, True, False))

    def test_who_asks_for_usage_gets_it(self):
        for more in (b"", b',"suffix":"x"'):
            body = b'{"model":"gpt-4o","prompt":"u"%s,"stream_options":{"include_usage":true,"a":1.0},"stream":true}' % more
            self.up.forget()
            self.up.script(upstream.stream(NULLS + [LAST, upstream.DONE]))
            reply = self.ask(body)
            self.assertEqual((self.sent(), reply.body), (body, b"".join(NULLS) + LAST + upstream.DONE))
            self.assertEqual(self.weir.row(reply)["cost_usd"], COST)

    def test_everything_that_the_api_has_passes(self):
        for more in (
            b'"prompt":["a","b"]', b'"prompt":[1,2,3]', b'"prompt":[[1],[2]]', b'"prompt":"p","n":2,"best_of":5',
            b'"prompt":"p","echo":true,"logprobs":3', b'"prompt":"p","suffix":"s"', b'"prompt":"p","logprobs":5',
            b'"prompt":"p","response_format":{"type":"json_object"}', b'"prompt":"p","prompt_logprobs":1',
        ):  # fmt: skip
            with self.subTest(more=more):
                body = b'{"model":"gpt-4o",%s,"temperature":0.75}' % more
                self.up.forget()
                self.up.script(upstream.body(ANSWER))
                reply = self.ask(body)
                self.assertEqual((reply.status, reply.body, self.sent()), (200, ANSWER, body))
                self.assertEqual(self.weir.row(reply)["cost_usd"], COST)

    def test_an_answer_is_kept_and_is_not_chats(self):
        self.up.answer = upstream.body(ANSWER)
        asked = {"model": "gpt-4o", "prompt": "Once upon", "temperature": 0}
        self.assertEqual(self.ask(asked).header("x-weir-cache"), "miss")
        again = self.ask(dict(asked, stream=True))
        self.assertEqual(again.header("x-weir-cache"), "hit")
        self.assertEqual(json.loads(again.events[0])["choices"][0]["text"], " caf\u00e9")
        self.assertEqual(len(self.up.requests), 1)
        self.up.answer = upstream.Model("In chat.")
        chat = self.weir.chat({"model": "gpt-4o", "temperature": 0, "messages": [{"role": "user", "content": "Once upon"}]})
        self.assertEqual((chat.header("x-weir-cache"), len(self.up.requests)), ("miss", 2))

    def test_what_chat_does_not_hold_is_in_no_cache(self):
        self.up.answer = upstream.body(ANSWER)
        for _ in range(2):
            reply = self.ask({"model": "gpt-4o", "prompt": "Once", "temperature": 0, "prompt_logprobs": 1})
            self.assertEqual(reply.body, ANSWER)
        self.assertEqual(len(self.up.requests), 2)

    def test_errors_are_the_providers(self):
        said = {"error": {"message": "No such thing", "type": "invalid_request_error", "param": "prompt", "code": "nope"}}
        self.up.answer = upstream.body(said, status=400)
        for more in ({}, {"suffix": "s"}):
            reply = self.ask(dict({"model": "gpt-4o", "prompt": "e"}, **more))
            self.assertEqual((reply.status, reply.json()), (400, said))

    def test_a_stream_that_is_cut_ends_with_an_error(self):
        """However it was cut: its framing may be fine."""
        whole = b"".join(SHOWN + [LAST])
        for more in (b"", b',"suffix":"x"'):
            for cut in (*range(1, len(whole), 37), len(whole)):
                for framed in (True, False):
                    with self.subTest(more=more, cut=cut, framed=framed):
                        answer = upstream.stream([whole[:cut]]) if framed else upstream.stream([whole + b"x"], cut=cut)
                        self.up.script(answer)
                        reply = self.ask(b'{"model":"gpt-4o","prompt":"c","temperature":0.5%s,"stream":true}' % more)
                        if reply.status != 200:
                            self.assert_error(reply, 502)
                            continue
                        self.assertEqual(json.loads(reply.events[-1])["error"]["code"], "upstream_broke_off")
                        self.assertNotIn("[DONE]", reply.events)
                        self.assertFalse(self.weir.row(reply)["complete"])

    def test_a_caller_that_leaves(self):
        """What it costs is estimated: the prompt, and a token a chunk."""
        never = threading.Event()
        for more in (b"", b',"suffix":"x"'):
            self.up.script(upstream.stepped(SHOWN, {3: never}))
            with self.weir.connect() as connection:
                body = b'{"model":"gpt-4o","prompt":"leave","temperature":0.5,"stream":true%s}' % more
                connection.request("POST", PATH, body)
                while b'"r"' not in connection.buffer:
                    connection.fill()
                head = connection.buffer.split(b"\r\n\r\n")[0].decode().lower()
            row = self.weir.row(head.split("x-weir-request-id: ")[1].split("\r\n")[0])
            attempt = row["attempts"][-1]
            self.assertTrue(attempt["estimated"])
            self.assertGreaterEqual(attempt["output_tokens"], 2)
            self.assertGreater(row["cost_usd"], 0)


if __name__ == "__main__":
    unittest.main()

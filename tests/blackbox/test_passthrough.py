"""What the caller sends reaches the provider byte for byte, and what the provider answers reaches the caller so, but for
the spans that must change."""

import json
import unittest

from harness import upstream
from harness.case import GatewayCase
from harness.gateway import simple

# Everything a re-serialising gateway would spoil: key order, white space, escapes, number spellings, unknown members.
ODD_REQUEST = (
    b'{ "messages" : [ {"role":"user",\t"content":"caf\\u00e9 \xc3\xa9 \\ud83d\\ude00 \\/ \\u0000 end"} ] ,\r\n'
    b'  "x_unknown": {"b":[1, 2.50, -0.0, 1E+2, 1e400], "a":null, "b2":{}}, "temperature":0.70000,'
    b'"seed": 123456789012345678901234567890,"model"\n:\n"gpt-4o","top_p":1.0,"stop":[ ],"logit_bias":{"50256":-100},'
    b'"metadata":{"z":"1","a":"2"}}'
)
ODD_ANSWER = (
    b'{"usage" : {"prompt_tokens":7,"completion_tokens":2.0e0,"total_tokens":9,"x":1e0},\n "id":"chatcmpl-\\u0041",'
    b'"choices":[ {"finish_reason":"stop","message":{"content":"F\\u00f6ur \xf0\x9f\x98\x80","role":"assistant",'
    b'"annotations":[]},"index":0,"x_more":[1.10,{"k":-0}]} ],"object":"chat.completion","created":1.72e9,"model":"m"}\n'
)


class PassThrough(GatewayCase):
    env = {"FAKE_KEY": "sk-provider-0123456789"}

    @classmethod
    def config(cls):
        config = simple(cls.up)
        config["providers"]["fake"]["key"] = "${FAKE_KEY}"
        config["models"]["fake/renamed"] = {"upstream_name": "vendor/real-name:7b", "price": {"input": 1, "output": 1}}
        config["cascades"]["renamed"] = {"match": {"model": ["renamed"]}, "tiers": [], "mode": "off"}
        return config

    def test_request_and_answer_are_untouched(self):
        self.up.script(upstream.body(ODD_ANSWER))
        reply = self.weir.chat(ODD_REQUEST)
        self.assertEqual(self.up.requests[0].body, ODD_REQUEST)
        self.assertEqual((reply.status, reply.body), (200, ODD_ANSWER))

    def test_only_the_models_name_changes_where_the_provider_calls_it_otherwise(self):
        request = ODD_REQUEST.replace(b'"gpt-4o"', b'"renamed"')
        self.assert_answers(self.weir.chat(request))
        self.assertEqual(self.up.requests[0].body, request.replace(b'"renamed"', b'"vendor/real-name:7b"'))

    def test_a_name_inside_the_prompt_is_left_alone(self):
        request = {"messages": [{"role": "user", "content": 'what is "model":"renamed"?'}], "model": "renamed"}
        self.weir.chat(request)
        self.assertEqual(self.up.requests[0].json()["messages"], request["messages"])
        self.assertEqual(self.up.requests[0].json()["model"], "vendor/real-name:7b")

    def test_answer_in_chunks_and_answer_to_the_end_of_the_connection(self):
        for how in ("chunked", "close"):
            with self.subTest(how):
                self.up.script(upstream.body(ODD_ANSWER, how=how, piece=7))
                reply = self.weir.chat(ODD_REQUEST)
                self.assertEqual((reply.status, reply.body, reply.complete), (200, ODD_ANSWER, True))

    def test_large_bodies_both_ways(self):
        text = "x" * (3 << 20)
        self.up.answer = upstream.Model(text="y" * (2 << 20))
        reply = self.weir.chat({"model": "gpt-4o", "messages": [{"role": "user", "content": text}]})
        self.assertEqual(self.up.requests[0].json()["messages"][0]["content"], text)
        self.assert_answers(reply, "y" * (2 << 20))

    def test_tools_and_response_format_pass(self):
        call = {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 2, "b": 2}'}}
            ],
        }
        self.up.answer = upstream.Model(message=call, finish="tool_calls")
        request = {
            "model": "gpt-4o",
            "messages": [{"role": "user", "content": "2+2"}],
            "parallel_tool_calls": False,
            "tools": [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}],
            "tool_choice": {"type": "function", "function": {"name": "add"}},
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": True}},
        }
        reply = self.weir.chat(request)
        self.assertEqual(self.up.requests[0].json(), request)
        self.assertEqual(reply.json()["choices"][0]["message"], call)

    def test_keys_stay_where_they_belong(self):
        self.weir.chat(
            headers=[
                ("Authorization", "Bearer sk-caller-key-000"),
                ("x-weir-mode", "off"),
                ("x-weir-user", "somebody"),
                ("Cookie", "session=1"),
            ]
        )
        seen = self.up.requests[0]
        self.assertEqual(seen.header("authorization"), "Bearer sk-provider-0123456789")
        self.assertNotIn(b"sk-caller-key-000", seen.head + seen.body)
        self.assertEqual([name for name, _ in seen.headers if name.lower().startswith("x-weir-")], [])
        self.assertIsNone(seen.header("cookie"))

    def test_the_request_upstream_is_well_formed(self):
        self.weir.chat()
        seen = self.up.requests[0]
        self.assertEqual((seen.method, seen.target), ("POST", "/v1/chat/completions"))
        self.assertEqual(seen.header("host"), "127.0.0.1:%d" % self.up.port)
        self.assertEqual(int(seen.header("content-length")), len(seen.body))
        self.assertIn("application/json", seen.header("content-type"))
        for name in ("transfer-encoding", "expect", "te", "upgrade", "keep-alive", "proxy-connection"):
            self.assertIsNone(seen.header(name), name)

    def test_weirs_own_headers_are_on_the_answer(self):
        reply = self.weir.chat()
        self.assertEqual(len(reply.header("x-weir-request-id")), 16)
        self.assertEqual(reply.header("x-weir-tier"), "reference")
        self.assertEqual(reply.header("x-weir-model"), "fake/gpt-4o")
        self.assertIsNone(reply.header("x-weir-why"), "only under x-weir-debug")

    def test_providers_request_id_and_limits_reach_the_caller(self):
        headers = [("x-request-id", "req_42"), ("x-ratelimit-remaining-requests", "99"), ("openai-processing-ms", "7")]
        self.up.script(
            upstream.body(ODD_ANSWER, headers=headers + [("Keep-Alive", "timeout=3"), ("x-weir-tier", "forged")])
        )
        reply = self.weir.chat()
        for name, value in headers:
            self.assertEqual(reply.header(name), value, name)
        self.assertIsNone(reply.header("keep-alive"), "hop by hop")
        self.assertEqual([v for k, v in reply.headers if k.lower() == "x-weir-tier"], ["reference"])

    def test_a_models_name_cannot_write_headers(self):
        # With one provider a model that is not configured is its business; its name is not to be trusted.
        for name in ("a\r\nx-injected: 1", "a\nb", "a\x00b", "a\x7fb", " ", "a b", "\u00e9", "%s%n"):
            for path in ({}, {"stream": True}):
                with self.subTest(name=name, **path):
                    reply = self.weir.chat(model=name, **path)
                    self.assertIsNone(reply.header("x-injected"), reply)
                    for _, value in reply.headers:
                        self.assertRegex(value, r"\A[\x20-\x7e]*\Z")
                    self.assertTrue(reply.status == 200 or 400 <= reply.status < 500, reply)


if __name__ == "__main__":
    unittest.main()

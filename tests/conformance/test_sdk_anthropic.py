"""Anthropic's official Python client in front of the gateway, with a provider behind it that speaks OpenAI's chat, and with one
that speaks Messages as well."""

import json
import os
import subprocess
import unittest

from conformance import provider, provider_anthropic, sdk_case
from harness import upstream, wait_for
from harness.gateway import Gateway, simple

USAGE = {"input_tokens": 8, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 3, "output_tokens": 7}
CALLS = [
    {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {"city": "Paris"}},
    {"type": "tool_use", "id": "call_2", "name": "get_time", "input": {"zone": "CET", "fmt": "\u00e9"}},
]


def message(content, stop_reason="end_turn"):
    return {
        "id": "msg_chatcmpl-conf",
        "type": "message",
        "role": "assistant",
        "model": "gpt-4o-2024-08-06",
        "content": content,
        "stop_reason": stop_reason,
        "usage": USAGE,
    }


def text(said=provider.TEXT, stop_reason="end_turn"):
    return message([{"type": "text", "text": said}], stop_reason)


def play(installed, port):
    command = [installed, os.path.join(sdk_case.HERE, "client_anthropic.py"), "http://127.0.0.1:%d" % port]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    assert result.returncode == 0, result.stderr[-4000:]
    return json.loads(result.stdout)


class Anthropic(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.installed = sdk_case.installed("anthropic")
        cls.up = upstream.Upstream(provider.Provider()).start()
        cls.addClassCleanup(cls.up.stop)

    def play(self, mode, tiers):
        self.up.forget()
        keys = [{"key": "${KEY}", "tenant": "conformance"}]
        with Gateway(simple(self.up, mode=mode, tiers=tiers, keys=keys), env={"KEY": "sk-conformance-0001"}) as weir:
            played = play(self.installed, weir.port)
            gone = [seen for seen in self.up.requests if b'"endless"' in seen.body]
            wait_for(
                lambda: gone and all(seen.gone_at for seen in gone), 3, "the call to be cancelled upstream as well"
            )
        return played

    def check(self, got):
        same = {
            "body": text(),
            "images": text(),
            "bearer": text(),
            "flaky": text(),
            "tool": message(CALLS[:1], "tool_use"),
            "tools": message(CALLS, "tool_use"),
            "refusal": text("I can't.", "refusal"),
            "length": text("It is", "max_tokens"),
            "schema": json.loads(provider.LABEL),
            "cancelled": True,
            "concurrently": [provider.TEXT] * 30,
        }
        for name, expected in same.items():
            with self.subTest(name):
                self.assertEqual(got[name], expected)
        for name in ("chat", "tools", "refusal", "length"):
            with self.subTest(name + " accumulated"):
                streamed = got[name + " accumulated"]
                self.assertEqual(streamed["message"], got["body" if name == "chat" else name])
                kinds = [kind for kind in streamed["kinds"] if kind.startswith(("message", "content"))]
                self.assertEqual((kinds[0], kinds[-2:]), ("message_start", ["message_delta", "message_stop"]))
                blocks = len(streamed["message"]["content"])
                for kind in ("content_block_start", "content_block_stop"):
                    self.assertEqual(kinds.count(kind), blocks)
        self.assertIn("content_block_delta", got["stream"])
        ids = got["request id"]
        self.assertEqual(ids, ["req_" + ids[1], ids[1], "req_" + ids[1]])
        self.check_conversation(got["conversation"])
        self.check_errors(got)

    def check_conversation(self, asked):
        self.assertEqual([m["role"] for m in asked["messages"]], "system user assistant tool tool user".split())
        self.assertEqual([c["id"] for c in asked["messages"][2]["tool_calls"]], ["call_1", "call_2"])
        arguments = [json.loads(c["function"]["arguments"]) for c in asked["messages"][2]["tool_calls"]]
        self.assertEqual(arguments, [call["input"] for call in CALLS])
        self.assertEqual([m["content"] for m in asked["messages"][3:]], ["17", "Error: 17", "echo"])

    def check_errors(self, got):
        classes = {
            "400": ("BadRequestError", "invalid_request_error"),
            "404": ("NotFoundError", "not_found_error"),
            "413": ("ContentTooLargeError", "request_too_large"),
            "422": ("UnprocessableEntityError", "invalid_request_error"),
            "429": ("RateLimitError", "rate_limit_error"),
            "500": ("InternalServerError", "api_error"),
            "503": ("ServiceUnavailableError", "overloaded_error"),
        }
        for which in ("errors", "errors streamed"):
            for status, told in got[which].items():
                with self.subTest(which, status=status):
                    name, kind = classes[status]
                    self.assertEqual(
                        told,
                        {
                            "class": name,
                            "status": int(status),
                            "type": kind,
                            "message": "scenario status " + status,
                            "id": True,
                        },
                    )
        self.assertEqual((got["refused"]["class"], got["refused"]["status"]), ("BadRequestError", 400))
        self.assertIn("thinking", got["refused"]["message"])
        self.assertEqual((got["broken off"]["type"], got["broken off"]["message"]), ("api_error", "overloaded"))
        self.assertEqual((got["model"], got["models"]), ("gpt-4o", ["ModelInfo"]))
        self.assertEqual(got["no such model"]["type"], "not_found_error")
        self.assertEqual((got["counted"]["class"], got["counted"]["status"]), ("NotFoundError", 404))
        self.assertEqual((got["wrong key"]["class"], got["wrong key"]["status"]), ("AuthenticationError", 401))

    def test_forwarded(self):
        self.check(self.play("off", []))

    def test_served_with_an_exact_cache(self):
        self.check(self.play("serve", ["exact"]))
        forwarded = len(self.up.requests)
        self.assertLess(forwarded, 60, "some of it is asked more than once")


class SameApi(unittest.TestCase):
    """With a provider of Messages behind the gateway nothing differs."""

    maxDiff = 4000

    def test_same(self):
        installed = sdk_case.installed("anthropic")
        up = upstream.Upstream(provider_anthropic.Provider()).start()
        self.addCleanup(up.stop)
        up.on_get = provider_anthropic.on_get
        direct, asked = play(installed, up.port), sorted(seen.body for seen in up.requests)
        up.forget()
        config = simple(up)
        config["providers"]["fake"]["api"] = "anthropic"
        with Gateway(config) as weir:
            through = play(installed, weir.port)
        self.assertEqual(sorted(seen.body for seen in up.requests), asked)
        direct["request id"][1] = through["request id"][1]  # Weir's own header
        direct["no such model"] = through["no such model"]  # in Weir's own words
        self.assertEqual(set(through), set(direct))
        for name, expected in direct.items():
            with self.subTest(name):
                self.assertEqual(through[name], expected)


if __name__ == "__main__":
    unittest.main()

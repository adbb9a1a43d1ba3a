"""Runs an official client's scenarios directly and through the gateway, and compares what the client made of them."""

import json
import os
import subprocess
import unittest

from harness import upstream, wait_for
from harness.gateway import Gateway, simple

from . import provider, provider_responses

HERE = os.path.dirname(os.path.abspath(__file__))


def folded(value):
    """Streams as what they amount to: a cache gives the same text, calls and end in other pieces, and Responses' items
    under other ids."""
    if isinstance(value, dict):
        if value.get("object") == "response":
            return [value["status"], value["usage"]["total_tokens"], folded(value["output"])]
        if value.get("type") == "message":
            return [part["text"] for part in value["content"]]
        if value.get("type") == "function_call":
            return [value["call_id"], value["name"], value["arguments"]]
        return {k: sorted(set(v)) if k == "kinds" else folded(v) for k, v in value.items()}
    if not isinstance(value, list):
        return value
    if value and all(isinstance(v, dict) and "sequence_number" in v for v in value):
        return folded(value[-1]["response"])
    if not value or not all(isinstance(v, dict) and v.get("object") == "chat.completion.chunk" for v in value):
        return [folded(v) for v in value]
    whole = {"head": {k: value[0][k] for k in ("id", "created", "model")}, "usage": None, "choices": {}}
    for chunk in value:
        whole["usage"] = chunk.get("usage") or whole["usage"]
        for choice in chunk["choices"]:
            to = whole["choices"].setdefault(
                choice["index"], {"text": "", "refusal": "", "calls": {}, "probs": [], "end": None}
            )
            delta = choice["delta"]
            to["text"] += delta.get("content") or ""
            to["refusal"] += delta.get("refusal") or ""
            to["end"] = choice.get("finish_reason") or to["end"]
            to["probs"] += (choice.get("logprobs") or {}).get("content") or []
            for call in delta.get("tool_calls") or ():
                made = to["calls"].setdefault(call["index"], {"id": None, "name": None, "arguments": ""})
                made["id"] = call.get("id") or made["id"]
                made["name"] = call["function"].get("name") or made["name"]
                made["arguments"] += call["function"].get("arguments") or ""
    return whole


def installed(kind):
    """Where the official client of that kind is; skips where it can't be had."""
    found = subprocess.run(
        [os.path.join(HERE, "clients.sh"), kind], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if found.returncode == 77:
        if os.environ.get("CI") == "true":
            raise AssertionError("in CI the official clients must be there: " + found.stderr)
        raise unittest.SkipTest(found.stderr.strip().splitlines()[-1])
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


class SdkCase(unittest.TestCase):
    maxDiff = 4000
    kind = ""  # python or node

    @classmethod
    def setUpClass(cls):
        cls.installed = installed(cls.kind)
        cls.up = upstream.Upstream(provider_responses.beside(provider.Provider())).start()
        cls.addClassCleanup(cls.up.stop)
        cls.up.on_get = provider.models
        cls.direct = cls.play(cls.up.base_url)

    @classmethod
    def command(cls, base_url):
        raise NotImplementedError

    @classmethod
    def play(cls, base_url):
        result = subprocess.run(
            cls.command(base_url), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120
        )
        assert result.returncode == 0, result.stderr[-4000:]
        return json.loads(result.stdout)

    def compare(self, mode, tiers, view=lambda value: value, but=()):
        self.up.forget()
        config = simple(self.up, mode=mode, tiers=tiers)
        config["cascades"]["default"]["match"]["model"].append("text-embedding-3-small")
        config["providers"]["fake"]["offers"] = ["responses"]
        with Gateway(config) as weir:
            through = self.play("http://127.0.0.1:%d/v1" % weir.port)
            gone = [seen for seen in self.up.requests if b'"endless"' in seen.body]
            wait_for(
                lambda: gone and all(seen.gone_at for seen in gone), 3, "the call to be cancelled upstream as well"
            )
            row = weir.row(through["cancelled"]["id"])
            self.assertEqual((row["complete"], row["estimated"]), (False, True))
            through["cancelled"]["id"] = None  # the provider gives none of that name
        self.assertEqual(set(through), set(self.direct))
        for name, expected in self.direct.items():
            if name not in but:
                with self.subTest(name, mode=mode):
                    self.assertEqual(view(through[name]), view(expected))

    def test_forwarded(self):
        self.compare("off", [])

    def test_served_with_an_exact_cache(self):
        # A cached answer comes without the provider's own request id.
        self.compare("serve", ["exact"], folded, but=("request id",))
        self.assertLess(len(self.up.requests), 75, "most of it is asked more than once")

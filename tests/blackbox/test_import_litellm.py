"""weir import litellm: what it makes of a LiteLLM configuration serves the same names at the same places."""

import json
import os
import subprocess
import tempfile
import unittest
from decimal import Decimal

from harness import upstream
from harness.client import stream_text
from harness.gateway import BINARY, Gateway

CHAT = "/v1/chat/completions"
CONFIG = """
model_list:
  - model_name: smart
    litellm_params:
      model: openai/big-model
      api_base: %(first)s
      api_key: os.environ/FIRST_KEY
      input_cost_per_token: 0.000001
      output_cost_per_token: 2e-6
  - model_name: team/small
    litellm_params: { model: hosted_vllm/org/small-model, api_base: %(second)s, api_key: sk-in-the-file }
  - model_name: "spare/*"
    litellm_params: { model: "openai/*", api_base: %(second)s, api_key: os.environ/SECOND_KEY }
  - model_name: gone
    litellm_params: { model: bedrock/titan }
router_settings:
  num_retries: 0
  fallbacks: [{ smart: [team/small] }]
  model_group_alias: { gpt-4: smart }
general_settings: { master_key: sk-master-0123 }
"""
MASTER = (("authorization", "Bearer sk-master-0123"),)


def run(*arguments):
    return subprocess.run([BINARY, "import", "litellm", *arguments], capture_output=True, text=True, timeout=30)


def chat(model, **more):
    return dict({"model": model, "messages": [{"role": "user", "content": "2+2?"}]}, **more)


class ImportLitellm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.first = upstream.Upstream().start()
        cls.addClassCleanup(cls.first.stop)
        cls.second = upstream.Upstream().start()
        cls.addClassCleanup(cls.second.stop)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        source, target = os.path.join(folder.name, "config.yaml"), os.path.join(folder.name, "weir.yaml")
        with open(source, "w") as f:
            f.write(CONFIG % {"first": cls.first.base_url, "second": cls.second.base_url})
        cls.done = run(source, "--out", target, "--format", "json")
        cls.again = run(source, "--out", target)
        with open(target) as f:
            cls.text = f.read()
        here = cls.text.replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:8081", "127.0.0.1:0")
        env = {"FIRST_KEY": "sk-first", "SECOND_KEY": "sk-second", "HOSTED_VLLM_API_KEY_1": "sk-in-the-file",
               "LITELLM_MASTER_KEY": "sk-master-0123"}
        cls.weir = Gateway(here + "reactors: 1\n", env=env)
        cls.addClassCleanup(cls.weir.__exit__)
        cls.weir.start()

    def setUp(self):
        for up, text in ((self.first, "Four."), (self.second, "Vier.")):
            up.forget()
            up.answer = upstream.Model(text)

    def ask(self, model, **more):
        return self.weir.ask("POST", CHAT, chat(model, **more), MASTER)

    def seen(self, up):
        return [(one.model, one.header("authorization")) for one in up.requests]

    def test_the_list(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        told = json.loads(self.done.stdout)
        self.assertEqual([one["path"] for one in told["not_carried"]], ["model_list[3]"])
        self.assertEqual(told["environment"],
                         ["FIRST_KEY", "HOSTED_VLLM_API_KEY_1", "LITELLM_MASTER_KEY", "SECOND_KEY"])
        self.assertNotIn("sk-in-the-file", self.text + self.done.stdout + self.done.stderr)
        self.assertNotIn("sk-master", self.text + self.done.stdout + self.done.stderr)
        self.assertEqual(self.again.returncode, 2)
        self.assertIn("is there already", self.again.stderr)

    def test_names_reach_their_place_with_its_key(self):
        for name in ("smart", "gpt-4"):
            self.first.forget()
            reply = self.ask(name)
            self.assertEqual(reply.status, 200, reply)
            self.assertEqual(self.seen(self.first), [("big-model", "Bearer sk-first")])
        self.assertEqual(self.ask("team/small").status, 200)
        self.assertEqual(self.ask("spare/anything").status, 200)
        self.assertEqual(self.seen(self.second),
                         [("org/small-model", "Bearer sk-in-the-file"), ("anything", "Bearer sk-second")])

    def test_streams_too(self):
        reply = self.ask("smart", stream=True)
        self.assertEqual(stream_text(reply), "Four.")
        self.assertEqual(self.first.requests[0].model, "big-model")

    def test_fallbacks(self):
        self.first.answer = upstream.error(500, "broken")
        for name in ("smart", "gpt-4"):
            self.second.forget()
            reply = self.ask(name)
            self.assertEqual(reply.status, 200, reply)
            self.assertEqual(reply.json()["choices"][0]["message"]["content"], "Vier.")
            self.assertEqual(self.seen(self.second), [("org/small-model", "Bearer sk-in-the-file")])

    def test_prices(self):
        reply = self.ask("smart")
        usage = reply.json()["usage"]
        cost = (usage["prompt_tokens"] + 2 * usage["completion_tokens"]) * Decimal("0.000001")
        self.assertEqual(Decimal(str(self.weir.row(reply)["cost_usd"])), cost, usage)

    def test_the_master_key_is_asked_for(self):
        self.assertEqual(self.weir.ask("POST", CHAT, chat("smart")).status, 401)
        self.assertEqual(self.seen(self.first), [])


if __name__ == "__main__":
    unittest.main()

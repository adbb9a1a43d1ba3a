"""The official OpenAI client for Python speaks Responses and Completions to the gateway, whose provider knows only chat:
it gets what its types say, and the answer that the provider gave."""

import json
import os
import subprocess
import unittest

from conformance import provider
from conformance.sdk_case import HERE
from harness import upstream
from harness.gateway import Gateway, simple


class Responses(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        found = subprocess.run(
            [os.path.join(HERE, "clients.sh"), "python"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        if found.returncode == 77:
            if os.environ.get("CI") == "true":
                raise AssertionError("in CI the official clients must be there: " + found.stderr)
            raise unittest.SkipTest(found.stderr.strip().splitlines()[-1])
        assert found.returncode == 0, found.stderr
        cls.up = upstream.Upstream(provider.Provider()).start()
        cls.addClassCleanup(cls.up.stop)
        cls.played = {}
        for mode, tiers in (("off", []), ("serve", ["exact"])):
            with Gateway(simple(cls.up, mode=mode, tiers=tiers)) as weir:
                command = [found.stdout.strip(), os.path.join(HERE, "client_responses.py")]
                result = subprocess.run(
                    command + ["http://127.0.0.1:%d/v1" % weir.port],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    timeout=120,
                )
                assert result.returncode == 0, result.stderr[-4000:]
                cls.played[mode] = json.loads(result.stdout)

    def each(self):
        for mode, results in self.played.items():
            with self.subTest(mode):
                yield results

    def test_text(self):
        for results in self.each():
            body = results["body"]
            self.assertEqual((body["output_text"], body["status"], body["id"]), (provider.TEXT, "completed", "resp_conf"))
            self.assertEqual((body["instructions"], body["model"]), ("Be brief.", "gpt-4o-2024-08-06"))
            usage = body["usage"]
            self.assertEqual((usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]), (11, 7, 18))
            self.assertEqual(usage["input_tokens_details"]["cached_tokens"], 3)
            events = results["events"]
            self.assertEqual([event["sequence_number"] for event in events], list(range(len(events))))
            self.assertEqual(events[-1]["type"], "response.completed")
            self.assertEqual(events[-1]["response"]["output"], body["output"])
            self.assertEqual(results["accumulated"]["text"], provider.TEXT)

    def test_tools(self):
        for results in self.each():
            for output in (results["tools"]["output"], results["tools accumulated"]["output"]):
                calls = [(item["call_id"], item["name"], item["arguments"]) for item in output]
                expected = [
                    (call["id"], call["function"]["name"], call["function"]["arguments"]) for call in provider.TWO_CALLS
                ]
                self.assertEqual(calls, expected)
            messages = json.loads(results["conversation"])["messages"]
            self.assertEqual([m["role"] for m in messages], ["user", "assistant", "tool", "tool", "user"])
            self.assertEqual(messages[1]["tool_calls"], provider.TWO_CALLS)
            self.assertEqual(messages[3], {"role": "tool", "tool_call_id": "call_2", "content": "it is get_time"})

    def test_the_rest(self):
        for results in self.each():
            self.assertEqual(results["refusal"]["output"][0]["content"][0]["refusal"], "I can't.")
            self.assertEqual(results["refusal accumulated"]["output"][0]["content"][0]["refusal"], "I can't.")
            self.assertEqual(results["length"]["incomplete_details"], {"reason": "max_output_tokens"})
            probs = results["logprobs"]["output"][0]["content"][0]["logprobs"]
            self.assertEqual([p["token"] for p in probs], upstream.pieces_of(provider.TEXT))
            self.assertEqual(results["parsed"], {"label": "refund", "confidence": 0.9})
            thought, said = results["thinking accumulated"]["output"]
            self.assertEqual((thought["type"], thought["content"][0]["text"]), ("reasoning", "Two and two."))
            self.assertEqual(said["content"][0]["text"], "Four.")

    def test_errors(self):
        for results in self.each():
            refused = results["refused"]
            self.assertEqual((refused["class"], refused["param"]), ("BadRequestError", "previous_response_id"))
            status = results["status"]
            self.assertEqual((status["class"], status["code"]), ("RateLimitError", "some_code"))
            for name in ("broken off", "completion broken off"):
                self.assertEqual((results[name]["class"], results[name]["message"]), ("APIError", "overloaded"))
            self.assertEqual(results["completion refused"]["param"], "suffix")

    def test_completions(self):
        for results in self.each():
            completion = results["completion"]
            self.assertEqual((completion["object"], completion["choices"][0]["text"]), ("text_completion", provider.TEXT))
            self.assertEqual(completion["usage"]["total_tokens"], 18)
            self.assertEqual(results["completion streamed"], provider.TEXT)
            probs = results["completion logprobs"]["choices"][0]["logprobs"]
            self.assertEqual("".join(probs["tokens"]), provider.TEXT)
            self.assertEqual(probs["top_logprobs"][0], {"It": -0.25, " no": -1.5})
            self.assertEqual(probs["text_offset"][:3], [0, 2, 5])


if __name__ == "__main__":
    unittest.main()

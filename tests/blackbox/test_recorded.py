"""A cascade over recorded real models: exact cache, two small models with thresholds, the reference. Every answer is one
that its model really gave, the savings are real, and the ledger equals the provider's own count to the nano-dollar."""

import os
import threading
import unittest

from harness import client, upstream
from harness.gateway import PATIENCE, Gateway, nanos
from blackbox import recorded

PROMPTS, REPEATED = 300, 60
REFERENCE = "gpt-4o"
THRESHOLDS = (("llama3.1-8b", -0.05), ("gpt-4o-mini", -0.01))


@unittest.skipUnless(os.path.exists(recorded.file()), "no recorded models at WEIR_DATA (%s)" % recorded.file())
class Recorded(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = recorded.rows("mmlu", PROMPTS)
        assert len(cls.rows) == PROMPTS

    def setUp(self):
        self.up = upstream.Upstream().start()
        self.addCleanup(self.up.stop)
        self.models = {name: recorded.RecordedModel(name, self.rows) for name in recorded.PRICES}
        self.up.by_model = dict(self.models)

    def config(self, mode):
        tiers = ["exact"] + [{"model": "fake/" + name, "min_mean_logprob": bar} for name, bar in THRESHOLDS]
        return {
            "providers": {"fake": {"api": "openai", "base_url": self.up.base_url}},
            "models": {
                "fake/" + name: {"price": {"input": p[0], "output": p[1]}} for name, p in recorded.PRICES.items()
            },
            "cascades": {"default": {"match": {"model": [REFERENCE]}, "tiers": tiers, "mode": mode}},
        }

    def play(self, weir):
        """Every prompt once and some again, bodies and streams, from four callers; [(row, reply, text)]."""
        plan = [(row, i) for i, row in enumerate(self.rows + self.rows[:REPEATED])]
        results, failures = [None] * len(plan), []

        def work(part):
            with weir.connect(30) as connection:
                for row, i in plan[part::4]:
                    body = {
                        "model": REFERENCE,
                        "stream": i % 5 == 0,
                        "messages": [
                            {"role": "system", "content": row["system"]},
                            {"role": "user", "content": row["prompt"]},
                        ],
                    }
                    reply = connection.ask("POST", "/v1/chat/completions", body)
                    if reply.status != 200 or not reply.complete:
                        failures.append(reply)
                        continue
                    text = (
                        client.stream_text(reply)
                        if body["stream"]
                        else reply.json()["choices"][0]["message"]["content"]
                    )
                    results[i] = (row, reply, text)

        threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        return results

    def spent(self):
        return sum(model.nanos for model in self.models.values())

    def baseline(self, results):
        """What the reference alone would have cost, in nano-dollars."""
        fresh, output = recorded.PRICES[REFERENCE]
        return sum(
            (
                round((row["models"][REFERENCE]["tok_in"] * fresh + row["models"][REFERENCE]["tok_out"] * output) * 1e6)
                + 500
            )
            // 1000
            for row, _, _ in results
        )

    def expected(self, row):
        """(tier's model) that has to answer this prompt."""
        for name, bar in THRESHOLDS:
            logconf = row["models"][name]["logconf"]
            if logconf is not None and logconf >= bar:
                return name
        return REFERENCE

    def test_serve(self):
        with Gateway(self.config("serve")) as weir:
            results = self.play(weir)
            hits = 0
            for row, reply, text in results:
                model = reply.header("x-weir-model")
                self.assertEqual(model, "fake/" + self.expected(row))
                self.assertEqual(text, row["models"][model[5:]]["answer"])
                hits += reply.header("x-weir-tier") == "exact"
            self.assertGreaterEqual(hits, REPEATED // 2)
            total = weir.report_total(len(results), 10 * PATIENCE)
            self.assertEqual(total["requests"], len(results))
            self.assertEqual(total["errors"], 0)
            self.assertEqual(nanos(total["cost_usd"]), self.spent())
            self.assertEqual(len(self.up.requests), sum(model.calls for model in self.models.values()))
            self.assertGreater(nanos(total["saved_usd"]), 0)
            saved = 1 - self.spent() / self.baseline(results)
            print(
                "recorded models: %d requests, %d exact hits, %.1f %% saved against %s alone"
                % (len(results), hits, 100 * saved, REFERENCE)
            )
            self.assertGreater(saved, 0.3)

    def test_observe_and_off_answer_as_the_reference(self):
        for mode in ("observe", "off"):
            with self.subTest(mode):
                for model in self.models.values():
                    model.calls = model.nanos = 0
                with Gateway(self.config(mode)) as weir:
                    results = self.play(weir)
                    self.assertEqual(
                        [text for row, _, text in results],
                        [row["models"][REFERENCE]["answer"] for row, _, _ in results],
                    )
                    self.assertEqual(self.models[REFERENCE].calls, len(results))
                    self.assertEqual(
                        sum(model.calls for model in self.models.values()), len(results), "observe asks nobody else"
                    )
                    total = weir.report_total(len(results), 10 * PATIENCE)
                    self.assertEqual(nanos(total["cost_usd"]), self.baseline(results))
                    self.assertEqual(nanos(total["saved_usd"]), 0)
                    if mode == "observe":
                        self.assertGreaterEqual(total["would_have"]["exact"], REPEATED // 2)


if __name__ == "__main__":
    unittest.main()

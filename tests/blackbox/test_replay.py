"""`weir replay` beside the gateway whose log it reads: what was, comes out again; what a cheaper tier, another promise or
a cache would have done; what the log can't tell."""

import json
import os
import subprocess
import unittest

from harness.gateway import yaml
from harness.learned import LearnedCase

REQUESTS = 700


class Replay(LearnedCase):
    tiers = ["fake/cheap", "fake/mid"]
    promise = {"disagreement": "10%", "confidence": "90%"}

    def replay(self, **cascade):
        config = self.config()
        config["cascades"]["default"].update(cascade)
        file = os.path.join(self.weir.folder, "candidate.yaml")
        with open(file, "w") as out:
            out.write(yaml(config))
        argv = [self.weir.binary, "replay", "-c", file, "--data", self.weir.data, "--format", "json"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        (line,) = json.loads(done.stdout)["lines"]
        return line

    def test_what_if(self):
        for _ in range(REQUESTS):
            self.assertEqual(self.ask().status, 200)
        total = self.reported()
        saved = 1 - float(total["cost_usd"]) / float(total["counterfactual_usd"])

        same = self.replay()
        self.assertEqual(same["requests"], REQUESTS)
        self.assertAlmostEqual(same["was"]["saved"], saved, places=3)
        self.assertLess(abs(same["saved"] - saved), 0.1, same)
        self.assertEqual(same["cant_tell"], [])
        self.assertTrue(same["certified"])
        self.assertAlmostEqual(sum(same["served"].values()), 1, places=3)

        strict = self.replay(promise={"disagreement": "0.1%", "confidence": "90%"})
        self.assertFalse(strict["certified"])
        self.assertIn("more audits", strict["cant_tell"][0])
        self.assertLess(strict["saved"], same["saved"])

        off = self.replay(mode="off")
        self.assertAlmostEqual(off["saved"], 0, places=6)

        unknown = self.replay(tiers=["fake/hopeless"])
        self.assertIsNone(unknown["usd"])
        self.assertIn("fake/hopeless: the log has no trials of it", unknown["cant_tell"][0])


if __name__ == "__main__":
    unittest.main()

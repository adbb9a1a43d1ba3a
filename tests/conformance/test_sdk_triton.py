"""Triton's official client against a scikit-learn model server, directly and through Weir: examples/inference."""

import json
import os
import re
import subprocess
import unittest
from decimal import Decimal

from conformance.sdk_case import installed
from harness.gateway import PATIENCE, Gateway, nanos

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLE = os.path.join(HERE, "..", "..", "examples", "inference")


class TritonCase(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.python = installed("triton")
        cls.server = subprocess.Popen(
            [cls.python, "-B", os.path.join(EXAMPLE, "server.py"), "--port", "0"], stdout=subprocess.PIPE, text=True
        )
        cls.addClassCleanup(cls.end_server)
        cls.address = re.fullmatch(r"listening on http://(\S+)\n", cls.server.stdout.readline()).group(1)

    @classmethod
    def end_server(cls):
        cls.server.kill()
        cls.server.wait()
        cls.server.stdout.close()

    def gateway(self, mode=None):
        """The example's own file; the environment says where things are."""
        with open(os.path.join(EXAMPLE, "weir.yaml")) as f:
            text = f.read()
        if mode:
            self.assertIn("mode: serve", text)
            text = text.replace("mode: serve", "mode: " + mode)
        return Gateway(
            text,
            env={
                "WEIR_LISTEN": "127.0.0.1:0",
                "WEIR_ADMIN": "127.0.0.1:0",
                "MODEL_SERVER": "http://" + self.address,
            },
        )

    def run_python(self, *argv):
        result = subprocess.run(
            [self.python, "-B", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=500 * PATIENCE
        )
        self.assertEqual(result.returncode, 0, result.stderr[-4000:])
        return json.loads(result.stdout)

    def play(self, address):
        return self.run_python(os.path.join(HERE, "client_triton.py"), address)


class Conformance(TritonCase):
    def test_nothing_changes_for_the_client(self):
        direct = self.play(self.address)
        for mode in ("off", "observe", "serve"):
            with self.gateway(mode) as weir:
                for turn in ("first", "second"):
                    through = self.play("127.0.0.1:%d" % weir.port)
                    for name, expected in direct.items():
                        with self.subTest(name, mode=mode, turn=turn):
                            self.assertEqual(through[name], expected)
                rows = {line["key"]: line["requests"] for line in weir.report(by="tier")["lines"]}
                self.assertEqual("exact" in rows, mode == "serve", rows)


class Example(TritonCase):
    def test_the_cheap_model_serves_under_its_promise(self):
        with self.gateway() as weir:
            seen = self.run_python(
                os.path.join(EXAMPLE, "client.py"), "--weir", "127.0.0.1:%d" % weir.port, "--server", self.address
            )
            total = weir.report_total(seen["requests"])
            tiers = {line["key"]: line for line in weir.report(by="tier")["lines"]}
            table = weir.report_text()
        print("\n" + json.dumps(seen) + "\n" + table)
        served = {tier: line["requests"] for tier, line in tiers.items()}
        # A quarter repeats an earlier picture; what the small model answered is in the cache too.
        self.assertGreater(served["exact"], 0.2 * seen["requests"], served)
        self.assertGreater(seen["small_second_half"], 0.5, "certified, and serving")
        self.assertGreaterEqual(seen["agreed"], 0.98, "the promise")
        self.assertLess(seen["agreed_small_alone"], 0.98, "... which the small model alone would break")
        self.assertGreater(nanos(total["saved_usd"]), 0)
        self.assertLess(Decimal(str(total["cost_usd"])), Decimal("0.0002") * seen["requests"])


if __name__ == "__main__":
    unittest.main()

"""Ten thousand malformed HTTP and JSON inputs: no crash, every connection answered or closed. The sanitizers' build runs
it in `make test` (ctest of preset asan); here it also runs against whatever build WEIR_BIN names."""

import os
import subprocess
import sys
import unittest

from harness import upstream
from harness.gateway import PATIENCE, Gateway, simple

ATTACK = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "malformed", "http_attack.py")
INPUTS = int(os.environ.get("WEIR_MALFORMED_INPUTS", "10000"))


@unittest.skipUnless(os.path.exists(ATTACK), "no tests/malformed/http_attack.py")
class Malformed(unittest.TestCase):
    def test_attack(self):
        up = upstream.Upstream().start()
        self.addCleanup(up.stop)
        config = simple(up, mode="serve", tiers=["exact"], limits={"slow_head": "1s"})
        # With a second provider nobody can tell who would answer for a model of no known name: it is refused.
        config["providers"]["fake"]["pass_through"] = False  # paths that Weir does not know are wrong, too
        config["providers"]["another"] = {"api": "openai", "base_url": up.base_url}
        with Gateway(config) as weir:
            result = subprocess.run(
                [
                    sys.executable,
                    ATTACK,
                    "--port",
                    str(weir.port),
                    "--count",
                    str(INPUTS),
                    "--deadline",
                    str(10 * PATIENCE),
                    "--pid",
                    str(weir.pid),
                ],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=240 * PATIENCE,
            )
            self.assertEqual(result.returncode, 0, result.stdout[-4000:] + weir.log[-4000:])
            self.assertIsNone(weir.process.poll(), weir.log[-4000:])
            self.assertEqual(weir.chat().status, 200)
            for word in ("AddressSanitizer", "runtime error:", "ThreadSanitizer"):
                self.assertNotIn(word, weir.log)


if __name__ == "__main__":
    unittest.main()

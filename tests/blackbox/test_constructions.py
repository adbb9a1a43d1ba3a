"""Constructions of English that look alike and must not share an answer (tests/constructions: roles, before and after,
negation, units, versions, direction, code, quantifiers, tense, ...), and rewordings that may: what the tier serves as shipped."""

import os
import pathlib
import subprocess
import sys
import unittest

from harness.gateway import BINARY

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "scripts/measure_cache.py"
MOST_SERVED = 0.02  # of the pairs that must not be
LEAST_SERVED = {"first_same.txt": 0.45, "second_same.txt": 0.65}  # of those that may


class Constructions(unittest.TestCase):
    def test_shares_served(self):
        done = subprocess.run(
            [sys.executable, "-B", str(SCRIPT), "constructions", "--weir", os.path.abspath(BINARY), "--", "--embedder", "hashing"],
            capture_output=True, text=True, timeout=60, check=True)
        seen = 0
        for line in done.stdout.splitlines():
            name, _, rest = line.partition(":")
            if line.startswith(" ") or not name.endswith(".txt"):
                continue
            words = rest.split()
            share = int(words[0]) / int(words[2])
            seen += 1
            if name.endswith("_same.txt"):
                self.assertGreaterEqual(share, LEAST_SERVED.get(name, 0), line)
            else:
                self.assertLessEqual(share, MOST_SERVED, line)
        self.assertGreaterEqual(seen, 4, done.stdout)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Tests of main.cpp, with a fuzzer that fails (failing_fuzz.cpp; WEIR_FAILING_REPLAY names its program)."""
import os
import subprocess
import tempfile
import unittest


class Replay(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.corpus = os.path.join(self.folder, "fuzz", "failing_fuzz")
        os.makedirs(self.corpus)

    def write(self, name, text):
        with open(os.path.join(self.corpus, name), "w") as f:
            f.write(text)

    def replay(self, *arguments):
        done = subprocess.run([os.environ["WEIR_FAILING_REPLAY"]] + list(arguments), cwd=self.folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        return done.returncode, done.stdout

    def kept(self):
        with open(os.path.join(self.folder, "replay-failing_fuzz-failed")) as f:
            return f.read()

    def test_a_corpus_that_passes(self):
        self.write("a", "x")
        code, said = self.replay("fuzz")
        self.assertEqual((code, said), (0, "failing_fuzz: 1 files, 1002 runs\n"))

    def test_the_file_that_fails_is_named_and_kept(self):
        self.write("a", "x")
        self.write("b", "weir")
        code, said = self.replay("fuzz")
        self.assertEqual(code, 1)
        self.assertIn("FAILED failing_fuzz: b: signal 6", said)
        self.assertEqual(self.kept(), "weir")

    def test_mutations_are_the_same_each_time_and_what_fails_fails_alone(self):
        self.write("a", "were")
        code, said = self.replay("fuzz")
        self.assertEqual(code, 1)
        self.assertIn("FAILED failing_fuzz: a, mutation ", said)
        self.assertEqual(self.replay("fuzz"), (code, said))
        kept = os.path.join(self.folder, "again")
        os.rename(os.path.join(self.folder, "replay-failing_fuzz-failed"), kept)
        code, said = self.replay("fuzz", "failing_fuzz", kept)
        self.assertEqual(code, 1)
        self.assertIn("FAILED failing_fuzz: again: ", said)

    def test_no_corpus_fails(self):
        self.assertIn("the corpus is empty", self.replay("fuzz")[1])
        self.assertEqual(self.replay("fuzz")[0], 1)
        code, said = self.replay("elsewhere")
        self.assertEqual(code, 1)
        self.assertIn("elsewhere/failing_fuzz: the corpus is No such file", said)

    def test_usage(self):
        self.assertEqual(self.replay()[0], 2)
        self.assertEqual(self.replay("fuzz", "no_fuzz", "x")[0], 1)


if __name__ == "__main__":
    unittest.main()

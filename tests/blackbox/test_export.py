"""`weir export` and the students' part of `weir report`: from traffic to files that trainers read, checked by the rules that
trainers have for them (no trainer is run)."""

import hashlib
import json
import os
import re
import subprocess
import unittest

from harness import upstream, wait_for
from harness.case import GatewayCase
from harness.gateway import PATIENCE, simple

ACME, BIRCH = "sk-acme-0123456789", "sk-birch-0123456789"
SPLITS = ("train", "valid", "test")
LABELS = ("refund", "delivery", "other")
COUNT = 240


def label(request):
    return LABELS[int(re.search(r"\d+", request["messages"][-1]["content"])[0]) % 3]


def check_row(row, mask):
    """What OpenAI's validation, axolotl's and TRL's loaders ask of a chat row."""
    assert set(row) == {"messages"}, row
    roles = [message["role"] for message in row["messages"]]
    assert roles == ["system", "user", "assistant"], roles
    for message in row["messages"]:
        assert isinstance(message["content"], str) and message["content"], message
        said = message["role"] == "assistant"
        expected = {"role", "content"}
        if mask == "weight" and said:
            expected.add("weight")
            assert message["weight"] == 1 and isinstance(message["weight"], int), message
        if mask == "train":
            expected.add("train")
            assert message["train"] is said, message
        assert set(message) == expected, message


class Export(GatewayCase):
    env = {"KEY_ACME": ACME, "KEY_BIRCH": BIRCH}

    @classmethod
    def config(cls):
        config = simple(cls.up, mode="observe")
        config["providers"]["fake"]["may_distil"] = True
        config["providers"]["strict"] = {"api": "openai", "base_url": cls.up.base_url}
        config["keys"] = [{"key": "${KEY_ACME}", "tenant": "acme"}, {"key": "${KEY_BIRCH}", "tenant": "birch"}]
        config["cascades"]["default"].update({"store": "content", "reference_provider": "fake"})
        config["cascades"]["strict"] = {
            "match": {"model": ["strict"]}, "store": "content", "reference_provider": "strict", "mode": "observe"
        }  # fmt: skip
        return config

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.up.answer = upstream.Model(text=label)
        for number in range(COUNT):
            cls.ask("Complaint %d about \"it\"" % number)
        for number in range(3):
            cls.ask("Complaint %d about \"it\"" % number)  # again
        for number in range(5):
            cls.ask("Theirs %d" % number, key=BIRCH)
            cls.ask("Not allowed %d" % number, model="strict", task="strict")
        metric = r"^weir_examples_kept_total %d$" % (COUNT + 13)
        wait_for(
            lambda: re.search(metric, cls.weir.admin("/metrics").body.decode(), re.MULTILINE),
            10 * PATIENCE,
            "all examples to be kept",
        )

    @classmethod
    def ask(cls, prompt, key=ACME, model="gpt-4o", task="complaints"):
        messages = [{"role": "system", "content": "Sort."}, {"role": "user", "content": prompt}]
        body = {"model": model, "messages": messages, "temperature": 0}
        reply = cls.weir.chat(body, [("Authorization", "Bearer " + key), ("x-weir-task", task)])
        assert reply.status == 200, reply
        return reply

    def export(self, *arguments, code=0):
        argv = [self.weir.binary, "export", "-c", self.weir.config_file, *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, env=self.weir.env, cwd=self.weir.folder, timeout=60)
        self.assertEqual(done.returncode, code, (argv, done.stdout, done.stderr))
        return done

    def lines(self, name):
        with open(os.path.join(self.weir.folder, name), encoding="utf-8", newline="\n") as f:
            text = f.read()
        self.assertTrue(text == "" or text.endswith("\n"))
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def test_files_are_what_trainers_read(self):
        for mask in ("weight", "train", "none"):
            with self.subTest(mask=mask):
                self.export("--task", "complaints", "--tenant", "acme", "--out", "tags", "--mask", mask)
                rows = {split: self.lines("tags.%s.jsonl" % split) for split in SPLITS}
                self.assertEqual([len(rows[split]) for split in SPLITS], [COUNT * 8 // 10, COUNT // 10, COUNT // 10])
                prompts = []
                for split in SPLITS:
                    for row in rows[split]:
                        check_row(row, mask)
                        system, user, answer = (message["content"] for message in row["messages"])
                        self.assertEqual(system, "Sort.")
                        self.assertEqual(answer, LABELS[int(user.split()[1]) % 3])
                        prompts.append(user)
                # By time, each once, and none of another tenant's.
                self.assertEqual(prompts, ["Complaint %d about \"it\"" % number for number in range(COUNT)])

    def test_manifest_and_provenance(self):
        done = self.export("--task", "complaints", "--tenant", "acme", "--out", "m", "--format", "json")
        manifest = json.loads(done.stdout)
        with open(os.path.join(self.weir.folder, "m.manifest.json")) as f:
            self.assertEqual(json.load(f), manifest)
        self.assertEqual(manifest["name"], "complaints")
        self.assertEqual(manifest["tenant"], "acme")
        self.assertEqual(manifest["examples"], COUNT + 3)
        self.assertEqual(manifest["rows"], COUNT)
        self.assertEqual(manifest["left_out"]["duplicates"], 3)
        self.assertEqual(manifest["answered_by"], {"fake/gpt-4o": COUNT})
        self.assertEqual(len(manifest["files"]), 6)
        for file in manifest["files"]:
            with open(os.path.join(self.weir.folder, file["file"]), "rb") as f:
                data = f.read()
            self.assertEqual(file["bytes"], len(data))
            self.assertEqual(file["rows"], data.count(b"\n"))
            self.assertEqual(file["sha256"], hashlib.sha256(data).hexdigest())
        for split in SPLITS:
            for row in self.lines("m.%s.provenance.jsonl" % split):
                self.assertIs(row["may_distil"], True)
                self.assertEqual((row["model"], row["api"]), ("fake/gpt-4o", "openai.chat"))
                self.assertRegex(row["request"], r"^[0-9a-f]{16}$")
        by_number = self.export("--task", manifest["task"], "--out", "n", "--format", "json")
        self.assertEqual(json.loads(by_number.stdout)["rows"], COUNT)

    def test_whose_and_whether(self):
        both = self.export("--task", "complaints", code=2)
        self.assertIn("is more than one task", both.stderr)
        self.assertIn("--tenant", both.stderr)
        self.export("--task", "complaints", "--tenant", "birch", "--out", "birch", "--split", "1,0,0")
        self.assertEqual(
            [row["messages"][1]["content"] for row in self.lines("birch.train.jsonl")],
            ["Theirs %d" % number for number in range(5)],
        )
        refused = self.export("--task", "strict", code=1)
        self.assertIn("did not say may_distil: true", refused.stderr)
        self.assertIn("there is no task", self.export("--task", "nothing", code=1).stderr)
        self.assertIn("--split", self.export("--task", "complaints", "--split", "a", code=2).stderr)
        self.assertIn("--task is required", self.export(code=2).stderr)
        self.assertIn("--mask", self.export("--help").stdout)

    def test_report_tells_which_tasks_a_student_could_learn(self):
        def students():
            found = self.weir.report("task")["students"]
            return found if sum(one["requests_per_day"] > 0 for one in found) == 3 else None

        found = wait_for(students, 10 * PATIENCE, "all requests in the ledger")
        by_task = {(one["name"], one["tenant"]): one for one in found}
        acme = by_task["complaints", "acme"]
        self.assertTrue(acme["eligible"], acme)
        self.assertEqual(acme["why_not"], "")
        self.assertEqual((acme["examples"], acme["prompts"], acme["answers"]), (COUNT + 3, COUNT, 3))
        self.assertEqual((acme["repeats"], acme["same_again"]), (3, 1))
        self.assertTrue(0 < acme["score"] < 1)
        self.assertGreater(float(acme["could_save_usd"]), 0)
        self.assertEqual(by_task["complaints", "birch"]["why_not"], "5 of 200 examples")
        self.assertEqual(by_task["strict", "acme"]["why_not"], "5 of 200 examples")
        text = self.weir.report_text("task")
        self.assertIn("What students could learn:", text)
        self.assertRegex(text, r"complaints .* eligible: at most \$")


if __name__ == "__main__":
    unittest.main()

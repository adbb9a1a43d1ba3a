"""`weir import-adapter`: what an external trainer made of an export comes back, is checked, and becomes a tier that goes
through the same life as every other model's. The trainer and the model are fakes (harness/gguf.py, harness/llama.py); the
last class has a real llama-server load and apply an adapter."""

import hashlib
import json
import os
import re
import signal
import struct
import subprocess
import tempfile
import unittest

from blackbox import test_llama
from harness import gguf, llama, wait_for
from harness.gateway import PATIENCE, Gateway, check
from harness.learned import ENOUGH, LearnedCase

BASE = gguf.tiny_model()


def put(folder, name, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def run(weir, *arguments, code=0):
    argv = [weir.binary, *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, env=weir.env, cwd=weir.folder, timeout=60)
    assert done.returncode == code, (argv, done.returncode, done.stdout, done.stderr)
    return done


def add(text, imported, cascade="default"):
    """The configuration's text with what an import says in it, as an operator would put it in."""
    text = text.replace("providers:\n", "providers:\n  %s\n" % imported["add_to_providers"], 1)
    text = text.replace("models:\n", "models:\n  %s\n" % imported["add_to_models"], 1)
    before = r"(\n  %s:\n(?:    .*\n)*?    tiers:)[^\n]*((?:\n      - .*)*)" % cascade
    return re.sub(before, lambda found: found[1] + " " + imported["tiers"][cascade], text, count=1)


class Life(LearnedCase):
    """Export, import, shadow, certificate, canary, all."""

    tiers = ["local/tiny"]
    mode = "shadow"

    @classmethod
    def setUpClass(cls):
        cls.bin = tempfile.TemporaryDirectory(prefix="weir-test-")
        cls.addClassCleanup(cls.bin.cleanup)
        cls.base = put(cls.bin.name, "base.gguf", BASE)
        llama.write(cls.bin.name)
        super().setUpClass()

    @classmethod
    def config(cls):
        config = super().config()
        config["providers"]["fake"]["may_distil"] = True
        config["providers"]["local"] = {
            "api": "llama-server",
            "model_file": cls.base,
            "program": os.path.join(cls.bin.name, "llama-server"),
        }
        config["models"]["local/tiny"] = {"price": {"input": "0.01", "output": "0.04"}}
        config["cascades"]["default"].update({"store": "content", "reference_provider": "fake", "canary": "10%"})
        return config

    def imported(self, *arguments, code=0):
        done = run(self.weir, "import-adapter", "-c", self.weir.config_file, *arguments, "--format", "json", code=code)
        return json.loads(done.stdout) if code == 0 else done.stderr

    def read_config(self):
        with open(self.weir.config_file) as f:
            return f.read()

    def reload(self, text, line=r"reloaded"):
        seen = len(self.weir.lines)
        self.weir.write(text)
        self.weir.signal(signal.SIGHUP)
        return self.weir.wait_line(line, after=seen)

    def task(self):
        """The task's line of `GET /api/cascades` in the course that has the adapter among its tiers."""
        for course in json.loads(self.weir.admin("/api/cascades").body)["cascades"]:
            if course["tasks"] and "tags/tiny" in json.dumps(course):
                return course["tasks"][0]
        return None

    def test_1_from_an_export_to_all_of_the_traffic(self):
        self.weir.wait_line(r"llama-server local: ready")
        for _ in range(30):
            reply = self.ask(headers=[("x-weir-task", "reviews")])
            self.assertEqual(reply.status, 200, reply)
        self.weir.row(reply)  # the ledger has the task's name
        wait_for(
            lambda: self.metric("examples_kept_total") >= 30,
            10 * PATIENCE,
            "the examples to be kept",
        )
        out = os.path.join(self.weir.folder, "tags")
        made = json.loads(
            run(self.weir, "export", "-c", self.weir.config_file, "--task", "reviews", "--out", out, "--base", self.base,
                "--format", "json").stdout
        )  # fmt: skip
        self.assertEqual(made["base"]["architecture"], "llama")
        self.assertEqual(made["base"]["chat_template_sha256"], hashlib.sha256(b"{{ messages }}").hexdigest())
        self.assertIn("may_distil", made["licence_filter"])

        file = put(self.weir.folder, "tags.gguf", gguf.tiny_lora())
        imported = self.imported(
            "--file", file, "--provider", "local", "--task", "reviews", "--export-manifest", out + ".manifest.json"
        )
        kept = os.path.join(self.weir.data, "adapters", "tags.gguf")
        self.assertEqual(imported["file"], kept)
        with open(kept, "rb") as f:
            self.assertEqual(imported["sha256"], hashlib.sha256(f.read()).hexdigest())
        with open(kept + ".json") as f:
            self.assertEqual(json.load(f)["task"], made["task"])
        self.assertEqual(imported["model"], "tags/tiny")
        self.assertEqual(imported["tiers"], {"default": "[tags/tiny, local/tiny]"})
        by_task = self.imported("--file", file, "--provider", "local", "--task", "reviews", "--as", "tags")
        self.assertEqual(by_task["tiers"], imported["tiers"], "the task's cascades, without a manifest")

        text = add(self.read_config(), imported)
        self.assertEqual(check(text)[0], 0, check(text))
        self.reload(text)
        self.weir.wait_line(r"llama-server tags: ready")
        lora = [arguments for arguments in llama.seen(self.bin.name) if "--lora" in arguments]
        self.assertEqual(lora[0][lora[0].index("--lora") + 1], kept)
        self.assertEqual(len(llama.seen(self.bin.name)), 2, "the base's own child went on")

        # In shadow it is tried beside the reference and serves nobody.
        def tried():
            self.assertEqual(self.ask().header("x-weir-tier"), "reference")
            task = self.task()
            return task and task["trials"] >= 20

        for _ in range(ENOUGH):
            if tried():
                break
        else:
            self.fail("not tried: %s" % self.weir.admin("/api/cascades").body)

        # In service: once it is certified, a tenth first (canary), in the end all of which it is sure.
        self.reload(text.replace("mode: shadow", "mode: serve"))
        self.teach()
        self.assertLess(self.task()["share"], 1)
        why = set()
        for _ in range(4 * ENOUGH):
            reply = self.ask()
            if reply.header("x-weir-tier") == "model":
                self.assertEqual(reply.header("x-weir-model"), "tags/tiny", "never its base, which is always wrong")
            why.add("canary" in reply.header("x-weir-why", ""))
            if self.task()["share"] == 1:
                break
        self.assertEqual(why, {True, False}, "some were left out of the canary")
        self.assertEqual(self.task()["share"], 1)
        log = json.loads(self.weir.admin("/api/cascades/log").body)
        steps = [d["decision"] for d in log["decisions"] if "tags/tiny" in json.dumps(d)]
        self.assertLessEqual({"certified", "promoted", "raised"}, set(steps))

        # Its file is what was imported, or it is not served: `check`, a reload and a start tell, with the line.
        with open(kept, "ab") as f:
            f.write(b"x")
        line = 1 + [n for n, each in enumerate(self.read_config().split("\n")) if "adapter_file" in each][0]
        code, said = check(self.read_config())
        self.assertEqual(code, 2)
        self.assertRegex(said, r"yaml:%d: providers\.tags\.adapter_file: .* is not what was imported" % line)
        self.reload(self.read_config(), r"reload refused: \S+:%d: providers.tags.adapter_file" % line)
        self.assertEqual(self.ask().status, 200)
        with open(kept, "rb+") as f:
            f.truncate(os.path.getsize(kept) - 1)
        self.reload(self.read_config())

    def test_2_what_does_not_fit_is_refused(self):
        folder = os.path.join(self.weir.data, "adapters")
        os.makedirs(folder, exist_ok=True)
        before = sorted(os.listdir(folder))
        wrong = {
            "another architecture": (gguf.tiny_lora(architecture="qwen2"), "of architecture qwen2"),
            "another size": (gguf.lora({"blk.0.attn_q.weight": (16, 16, 2)}), "its base's tensor is 8 x 8"),
            "another depth": (gguf.lora({"blk.9.attn_q.weight": (8, 8, 2)}), "which its base has not"),
            "another template": (
                gguf.tiny_lora(metadata={"tokenizer.chat_template": "{{ other }}"}), "its chat template is not",
            ),
            "a model, another template": (gguf.tiny_model("{{ other }}"), "its chat template is not"),
            "a model, more tokens": (
                gguf.tiny_model(**{"tokenizer.ggml.tokens": ["a"] * 6}), "tokens has 6 items, its base's 5",
            ),
            "cut off": (gguf.tiny_lora()[:-40], "cut off?"),
            "cut off in its header": (gguf.tiny_lora()[:100], "it ends within its header"),
            "no model": (b"PK\x03\x04 a zip", "it does not begin with GGUF"),
        }  # fmt: skip
        for what, (data, said) in wrong.items():
            with self.subTest(what=what):
                file = put(self.weir.folder, "wrong.gguf", data)
                self.assertIn(said, self.imported("--file", file, "--provider", "local", code=2))
        good = put(self.weir.folder, "good.gguf", gguf.tiny_lora())
        self.assertIn("no such provider", self.imported("--file", good, "--provider", "lokal", code=2))
        self.assertIn("no cascade", self.imported("--file", good, "--provider", "local", "--cascade", "x", code=2))
        both = ("--cascade", "default", "--task", "x")
        self.assertIn("--task", self.imported("--file", good, "--provider", "local", *both, code=2))
        self.assertEqual(sorted(os.listdir(folder)), before)

    def test_3_a_full_model_is_a_provider_of_its_own(self):
        file = put(self.weir.folder, "whole.gguf", gguf.tiny_model())
        imported = self.imported("--file", file, "--provider", "local", "--cascade", "default")
        self.assertEqual((imported["kind"], imported["model"]), ("model", "whole/tiny"))
        self.assertIn("model_file: %s" % imported["file"], imported["add_to_providers"])
        self.assertNotIn("adapter_file", imported["add_to_providers"])
        text = add(self.read_config(), imported)
        self.assertEqual(check(text)[0], 0, check(text))


class Real(unittest.TestCase):
    """A real llama-server with SmolLM2: an adapter of zeros changes nothing, one that is not does."""

    def setUp(self):
        if not test_llama.PROGRAM or not test_llama.MODEL:
            self.skipTest("no llama-server or no model file: set WEIR_LLAMA_SERVER and WEIR_MODEL_FILE")
        self.folder = tempfile.TemporaryDirectory(prefix="weir-test-")
        self.addCleanup(self.folder.cleanup)

    def config(self):
        return {
            "providers": {
                "local": {
                    "api": "llama-server",
                    "model_file": test_llama.MODEL,
                    "program": test_llama.PROGRAM,
                    "context": 512,
                    "parallel": 1,
                }
            },
            "models": {"local/smollm2": {"price": {"input": "0.01", "output": "0.04"}}},
            "cascades": {"default": {"match": {"model": ["*"]}, "tiers": [], "mode": "off"}},
        }

    def test_it_is_loaded_and_applied(self):
        rows = 576  # of SmolLM2-135M
        ones = struct.pack("<%df" % rows, *[0.05] * rows)
        pairs = {"blk.%d.attn_output.weight" % layer: (rows, rows, 1) for layer in range(30)}
        zero = put(self.folder.name, "zero.gguf", gguf.lora(pairs))
        loud = put(self.folder.name, "loud.gguf", gguf.lora({name: (*size, ones, ones) for name, size in pairs.items()}))
        weir = Gateway(self.config())
        self.addCleanup(weir.__exit__)
        with open(weir.config_file) as f:
            text = f.read()
        for file in (zero, loud):
            done = run(weir, "import-adapter", "-c", weir.config_file, "--file", file, "--provider", "local",
                       "--cascade", "default", "--format", "json")  # fmt: skip
            text = add(text, dict(json.loads(done.stdout), tiers={"default": "[]"}))
        weir.write(text)
        weir.start()

        def said(model):
            def answer():
                reply = weir.chat(
                    model=model, max_tokens=8, temperature=0, messages=[{"role": "user", "content": "What is two and two?"}]
                )
                return reply.json()["choices"][0]["message"]["content"] if reply.status == 200 else None

            return wait_for(answer, 120 * PATIENCE, "an answer of " + model)

        plain = said("local/smollm2")
        self.assertEqual(said("zero/smollm2"), plain)
        self.assertNotEqual(said("loud/smollm2"), plain)


if __name__ == "__main__":
    unittest.main()

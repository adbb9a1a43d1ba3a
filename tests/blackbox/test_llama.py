"""A cascade whose small tier is a real llama-server child with a real model. WEIR_LLAMA_SERVER and WEIR_MODEL_FILE name
them, or they lie in the cache where `make run` puts them; otherwise this is skipped (in CI: failed)."""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
import unittest

from harness import client, upstream, wait_for
from harness.gateway import PATIENCE, Gateway

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.environ.get("WEIR_CACHE") or os.path.expanduser("~/.cache/weir")
LABELS = ["refund", "shipping", "other"]
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "label",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"label": {"type": "string", "enum": LABELS}},
            "required": ["label"],
            "additionalProperties": False,
        },
    },
}
MESSAGES = [
    "Where is my parcel?",
    "I want my money back.",
    "What are your opening hours?",
    "The package never arrived.",
]


def first_existing(*paths):
    return next((path for path in paths if path and os.path.exists(path)), None)


def newest(folder, name_ends):
    found = []
    for where, _, names in os.walk(folder):
        found += [os.path.join(where, name) for name in names if name.endswith(name_ends)]
    return max(found, key=os.path.getmtime) if found else None


PROGRAM = first_existing(
    os.environ.get("WEIR_LLAMA_SERVER"), shutil.which("llama-server"), newest(CACHE, "llama-server")
)
MODEL = first_existing(os.environ.get("WEIR_MODEL_FILE"), newest(os.path.join(CACHE, "models"), ".gguf"))


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children_of(pid):
    """Pids of the living llama-server children."""
    found = []
    for task in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/children" % (pid, task)) as f:
                found += [int(p) for p in f.read().split()]
        except FileNotFoundError:
            pass
    return [p for p in found if alive(p)]


class Llama(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not PROGRAM or not MODEL:
            missing = "no llama-server" if not PROGRAM else "no model file (*.gguf)"
            if os.environ.get("CI") == "true":
                raise AssertionError("in CI a real model must be there: " + missing)
            raise unittest.SkipTest(missing + ": set WEIR_LLAMA_SERVER and WEIR_MODEL_FILE, or `make run` once")
        cls.up = upstream.Upstream(upstream.Model('{"label":"other"}', price=(2.5, 1.25, 10))).start()
        cls.addClassCleanup(cls.up.stop)
        cls.weir = Gateway(cls.config())
        cls.addClassCleanup(cls.weir.__exit__)
        cls.weir.start()
        cls.wait_child()

    @classmethod
    def config(cls):
        return {
            "providers": {
                "fake": {"api": "openai", "base_url": cls.up.base_url},
                "local": {"api": "llama-server", "model_file": MODEL, "program": PROGRAM, "context": 2048},
            },
            "models": {
                "fake/gpt-4o": {"price": {"input": 2.5, "output": 10}},
                "local/smollm2": {"price": {"input": 0.01, "output": 0.04}},
            },
            "cascades": {
                "default": {
                    "match": {"model": ["gpt-4o"]},
                    "mode": "serve",
                    "tiers": [{"model": "local/smollm2", "min_mean_logprob": -100}],
                },
                "alone": {"match": {"model": ["smollm2"]}, "tiers": [], "mode": "off"},
            },
        }

    @classmethod
    def wait_child(cls):
        """Until the child answers: then the small tier serves."""
        wait_for(
            lambda: cls.classify("warm up").header("x-weir-tier") == "model", 120 * PATIENCE, "the child to be ready"
        )

    @classmethod
    def classify(cls, text, **more):
        return cls.weir.chat(
            messages=[
                {"role": "system", "content": "Label the customer's message: refund, shipping or other."},
                {"role": "user", "content": text},
            ],
            response_format=SCHEMA,
            temperature=0,
            max_tokens=24,
            **more
        )

    def label(self, reply):
        self.assertEqual((reply.status, reply.complete), (200, True), reply)
        text = (
            client.stream_text(reply)
            if "event-stream" in reply.header("content-type")
            else reply.json()["choices"][0]["message"]["content"]
        )
        return json.loads(text)["label"]

    def test_1_classification_under_a_schema(self):
        for index, text in enumerate(MESSAGES):
            reply = self.classify(text, stream=index % 2 == 1)
            self.assertIn(self.label(reply), LABELS)
            self.assertEqual((reply.header("x-weir-tier"), reply.header("x-weir-model")), ("model", "local/smollm2"))
            self.assertNotIn(b'"logprob"', reply.body)
            row = self.weir.row(reply)
            self.assertGreater(row["saved_usd"], 0)
            self.assertLessEqual(row["attempts"][-1]["mean_logprob"], 0)

    def test_2_the_child_as_reference_streams(self):
        reply = self.weir.chat(
            model="smollm2", stream=True, max_tokens=16, messages=[{"role": "user", "content": "Hello!"}]
        )
        self.assertEqual((reply.status, reply.complete, reply.events[-1]), (200, True, "[DONE]"))
        self.assertGreater(len(reply.events), 3)
        self.assertTrue(client.stream_text(reply))

    def test_3_sigkill_of_the_child_loses_no_request(self):
        [child] = children_of(self.weir.pid)
        replies, stop = [], threading.Event()

        def work(part):
            while not stop.is_set():
                replies.append(self.classify("%s %d" % (MESSAGES[part], len(replies)), stream=part == 1))

        threads = [threading.Thread(target=work, args=(part,)) for part in range(2)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(replies) >= 2, 60 * PATIENCE, "traffic")
        os.kill(child, signal.SIGKILL)
        wait_for(
            lambda: any(r.header("x-weir-tier") == "reference" for r in replies),
            30 * PATIENCE,
            "the reference stepping in",
        )
        wait_for(lambda: children_of(self.weir.pid) not in ([], [child]), 30 * PATIENCE, "a new child")
        wait_for(lambda: replies[-1].header("x-weir-tier") == "model", 60 * PATIENCE, "the new child serving")
        stop.set()
        for thread in threads:
            thread.join()
        for reply in replies:
            self.assertIn(self.label(reply), LABELS)

    def test_4_the_child_does_not_outlive_its_parent(self):
        [child] = children_of(self.weir.pid)
        self.assertIn("llama-server", open("/proc/%d/cmdline" % child).read())
        self.weir.kill()
        wait_for(lambda: not alive(child), 10 * PATIENCE, "the child to be gone")

    def test_5_nor_a_clean_stop(self):
        self.weir.start()
        self.wait_child()
        [child] = children_of(self.weir.pid)
        self.assertEqual(self.weir.stop(), 0)
        self.assertFalse(alive(child))


class ShippedConfiguration(unittest.TestCase):
    """config/openai.yaml as it is: the small local model before a real provider, for which the fake one stands in."""

    def test_openai_yaml(self):
        if not PROGRAM or not MODEL:
            self.skipTest("no llama-server or no model file")
        with open(os.path.join(ROOT, "config", "openai.yaml")) as f:
            text = f.read()
        up = upstream.Upstream(upstream.Model("The reference says so.", price=(2.5, 1.25, 10))).start()
        self.addCleanup(up.stop)
        weir = Gateway(
            text,
            env={
                "OPENAI_API_KEY": "sk-test-provider-01",
                "OPENAI_BASE_URL": up.base_url,
                "WEIR_LISTEN": "127.0.0.1:0",
                "WEIR_ADMIN": "127.0.0.1:0",
                "WEIR_MODEL_FILE": MODEL,
                "WEIR_LLAMA_SERVER": PROGRAM,
            },
        )
        weir.env["WEIR_DATA_FOLDER"] = weir.data
        self.addCleanup(weir.__exit__)
        weir.start()
        wait_for(lambda: weir.admin("/health/ready").status == 200, 120 * PATIENCE, "the gateway to be ready")
        tiers = []
        for stream in (False, True):
            for text in MESSAGES * 2:
                reply = weir.chat(
                    messages=[{"role": "user", "content": text}], max_tokens=8, stream=stream, temperature=0
                )
                self.assertEqual((reply.status, reply.complete), (200, True), reply)
                tiers.append(reply.header("x-weir-tier"))
        self.assertLessEqual(set(tiers), {"exact", "model", "reference"})
        self.assertGreater(tiers.count("exact"), 0)
        for seen in up.requests:
            self.assertEqual(seen.header("authorization"), "Bearer sk-test-provider-01")
        total = weir.report_total(len(tiers))
        self.assertEqual((total["errors"], total["unpriced"]), (0, 0), "priced from the built-in table")


if __name__ == "__main__":
    unittest.main()

"""`weir doctor`: what stands in the way on this machine, by exit code, for people and as JSON."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import unittest

from harness import upstream, wait_for
from harness.gateway import BINARY, PATIENCE, Gateway, yaml

LEVELS = {"ok", "warn", "fail"}
MEMBERS = {"level", "topic", "subject", "text", "advice", "took_ms"}


def free_ports(count):
    """Ports that nobody listens on: of sockets that are bound, all at once, and closed."""
    socks = [socket.socket() for _ in range(count)]
    for sock in socks:
        sock.bind(("127.0.0.1", 0))
    ports = [sock.getsockname()[1] for sock in socks]
    for sock in socks:
        sock.close()
    return ports


class Doctor(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="weir-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.data = os.path.join(self.folder, "data")
        self.listen, self.admin, self.closed = free_ports(3)
        self.up = upstream.Upstream().start()
        self.addCleanup(self.up.stop)
        self.up.on_get = upstream.body({"object": "list", "data": [{"id": "gpt-4o"}, {"id": "gpt-4o-mini"}]})

    def config(self, **more):
        """A document in which nothing is wrong."""
        return dict(
            {
                "listen": "127.0.0.1:%d" % self.listen,
                "admin": "127.0.0.1:%d" % self.admin,
                "data": self.data,
                "reactors": 1,
                "limits": {"connections": 50},
                "cache": {"disk": "1MiB"},
                "providers": {"fake": self.provider()},
                "models": {"fake/gpt-4o": {"price": {"input": 2.5, "output": 10}}},
                "cascades": {"default": {"match": {"model": ["gpt-4o"]}, "tiers": ["exact"]}},
            },
            **more,
        )

    def provider(self, url=None, **more):
        return dict({"api": "openai", "base_url": url or self.up.base_url, "key": "${TEST_KEY}"}, **more)

    def run_doctor(self, config, *argv, env=None):
        path = os.path.join(self.folder, "weir.yaml")
        with open(path, "w") as f:
            f.write(yaml(config).lstrip("\n") + "\n")
        return subprocess.run(
            [BINARY, "doctor", "-c", path, *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ, **({"TEST_KEY": "sk-secret"} if env is None else env)),
            cwd=self.folder,
            timeout=60 * PATIENCE,
        )

    def doctor(self, config, code, *argv, env=None):
        """The JSON report, checked for its form."""
        result = self.run_doctor(config, "--format", "json", *argv, env=env)
        self.assertEqual((result.returncode, result.stderr), (code, ""), result.stdout)
        report = json.loads(result.stdout)
        self.assertEqual(set(report), {"file", "ok", "warnings", "failures", "findings"})
        found = report["findings"]
        for each in found:
            self.assertEqual(set(each), MEMBERS)
            self.assertIn(each["level"], LEVELS)
            self.assertTrue(each["text"])
            self.assertEqual(each["level"] != "ok", each["advice"] is not None, each)
        self.assertEqual(report["ok"], code == 0)
        self.assertEqual(report["warnings"], sum(each["level"] == "warn" for each in found))
        self.assertEqual(report["failures"], sum(each["level"] == "fail" for each in found))
        self.assertNotIn("sk-secret", result.stdout)
        return report

    def about(self, report, topic, subject=None):
        return [f for f in report["findings"] if f["topic"] == topic and subject in (None, f["subject"])]

    def only(self, report, topic, subject=None):
        found = self.about(report, topic, subject)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def test_all_is_fine(self):
        report = self.doctor(self.config(), 0)
        self.assertEqual([f for f in report["findings"] if f["level"] != "ok"], [])
        topics = [f["topic"] for f in report["findings"]]
        for topic in ("versions", "clock", "configuration", "addresses", "limits", "data", "prices", "memory", "provider"):
            self.assertIn(topic, topics)
        said = self.only(report, "provider")
        self.assertEqual(said["subject"], "fake")
        self.assertIn("takes the key and lists 2 models", said["text"])
        self.assertGreater(said["took_ms"], 0)
        self.assertEqual(self.up.requests, [], "nothing may cost money")
        self.assertFalse(os.path.exists(self.data), "nothing is made")

    def test_for_people(self):
        result = self.run_doctor(self.config(providers={"fake": self.provider("http://127.0.0.1:%d" % self.closed)}))
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        self.assertRegex(result.stdout, r"\nok +versions +weir \d")
        self.assertRegex(result.stdout, r"\nfail +provider fake +can't connect to .*refused.* ms\)\n +-> look at base_url")
        self.assertTrue(result.stdout.endswith("\n1 failure, 0 warnings.\n"), result.stdout)

    def test_what_providers_say(self):
        def say(status):
            self.up.on_get = upstream.error(status, "sk-secret is wrong")
            return self.only(self.doctor(self.config(), 0 if status in (404, 429) else 1), "provider")

        for status, level, words in (
            (401, "fail", "refuses the key: 401"),
            (403, "fail", "refuses the key: 403"),
            (503, "fail", "fails: 503"),
            (429, "warn", "429"),
            (404, "warn", "the key was not tried"),
        ):
            with self.subTest(status=status):
                said = say(status)
                self.assertEqual(said["level"], level)
                self.assertIn(words, said["text"])

    def test_providers_are_asked_in_their_own_words(self):
        heads = {}

        def answer(exchange):
            heads[exchange.seen.target] = exchange.seen
            return upstream.body({"data": [], "has_more": False})(exchange)

        self.up.on_get = answer
        providers = {
            "plain": self.provider(),
            "azure": self.provider(key_header="api-key", query="api-version=1"),
            "claude": self.provider(api="anthropic"),
            "google": self.provider(api="gemini", headers={"x-org": "o"}),
            "two": self.provider(endpoints=[{"key": "${TEST_KEY}"}, {"base_url": "http://127.0.0.1:%d" % self.closed}]),
        }
        report = self.doctor(self.config(providers=providers, models={"plain/gpt-4o": {"price": {"input": 1, "output": 1}}}), 1)
        self.assertEqual(
            set(heads), {"/v1/models", "/v1/models?api-version=1", "/v1/models?limit=1000", "/v1/models?pageSize=1000"}
        )
        self.assertEqual(heads["/v1/models"].header("authorization"), "Bearer sk-secret")
        self.assertEqual(heads["/v1/models?api-version=1"].header("api-key"), "sk-secret")
        self.assertEqual(heads["/v1/models?limit=1000"].header("x-api-key"), "sk-secret")
        self.assertTrue(heads["/v1/models?limit=1000"].header("anthropic-version"))
        self.assertEqual(heads["/v1/models?pageSize=1000"].header("x-goog-api-key"), "sk-secret")
        self.assertEqual(heads["/v1/models?pageSize=1000"].header("x-org"), "o")
        self.assertEqual([f["level"] for f in self.about(report, "provider", "two")], ["ok", "fail"])

    def test_models_that_are_not_listed(self):
        models = {"fake/gpt-4o": {"price": {"input": 1, "output": 1}}, "fake/mine": {"price": {"input": 1, "output": 1}, "upstream_name": "gpt-5o"}}
        report = self.doctor(self.config(models=models), 0)
        self.assertEqual([f["text"] for f in self.about(report, "provider") if f["level"] == "warn"], ["its list has no model gpt-5o"])

    def test_offline(self):
        self.up.stop()
        report = self.doctor(self.config(), 0, "--offline")
        self.assertEqual(self.up.connections, 0)
        self.assertIn("none was asked", self.only(report, "provider")["text"])

    def test_a_secret_that_is_missing_hides_nothing_else(self):
        report = self.doctor(self.config(), 1, env={})
        self.assertIn("TEST_KEY is not set", self.only(report, "configuration")["text"])
        self.assertEqual(self.up.connections, 0)
        self.assertTrue(self.about(report, "data"))

    def test_a_configuration_that_is_wrong(self):
        report = self.doctor(self.config(lisen="x"), 1)
        self.assertIn("did you mean", self.only(report, "configuration")["text"])
        self.assertEqual(self.about(report, "data"), [])
        result = subprocess.run([BINARY, "doctor", "-c", "/nonexistent.yaml"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("/nonexistent.yaml", result.stderr)

    def test_a_broken_data_folder(self):
        with open(self.data, "w"):
            pass
        self.assertIn("is no folder", self.only(self.doctor(self.config(), 1), "data")["text"])
        os.remove(self.data)
        os.mkdir(self.data)
        with open(os.path.join(self.data, "ledger.sqlite"), "w") as f:
            f.write("this is no ledger" * 100)
        with open(os.path.join(self.data, "keys.jsonl"), "w") as f:
            f.write("{}\n")
        report = self.doctor(self.config(), 1)
        self.assertEqual(self.only(report, "ledger")["level"], "fail")
        self.assertEqual(self.only(report, "keys")["level"], "fail")
        self.assertEqual(sorted(os.listdir(self.data)), ["keys.jsonl", "ledger.sqlite"])

    def test_a_local_model_that_cannot_be_loaded(self):
        model = os.path.join(self.folder, "model.gguf")
        with open(model, "w") as f:
            f.write("GGUF, but nothing behind it")
        providers = {"fake": self.provider(), "here": {"api": "llama-server", "model_file": model}}
        report = self.doctor(self.config(providers=providers), 1)
        said = self.only(report, "local model")
        self.assertEqual((said["level"], said["subject"]), ("fail", "here"))

    def test_addresses(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", self.listen))
            other.listen()
            said = [f for f in self.about(self.doctor(self.config(), 1), "addresses") if f["level"] == "fail"]
        self.assertEqual(len(said), 1)
        self.assertIn("in use", said[0]["text"])
        said = [f["text"] for f in self.about(self.doctor(self.config(admin="127.0.0.1:%d" % self.up.port), 1), "addresses")]
        self.assertTrue(any("no gateway of this kind" in text for text in said), said)

    def test_beside_a_running_gateway(self):
        config = self.config()
        gateway = Gateway(yaml(config).lstrip("\n") + "\n", env={"TEST_KEY": "sk-secret"}, folder=self.folder)
        self.addCleanup(gateway.stop)
        gateway.start()
        gateway.row(gateway.chat())
        report = self.doctor(config, 0)
        self.assertEqual([f for f in report["findings"] if f["level"] != "ok"], [])
        self.assertIn("is ready", self.about(report, "addresses")[0]["text"])
        self.assertIn("process %d writes" % gateway.pid, self.only(report, "lock")["text"])
        self.assertIn("requests", self.only(report, "ledger")["text"])
        gateway.kill()
        gateway.process = None
        self.assertIn("nobody writes", self.only(self.doctor(config, 0), "lock")["text"])

    def test_what_stops_a_start_is_told_before(self):
        """Each file of the data folder, damaged: the doctor fails if and only if `serve` ends at once."""
        config = self.config(
            cascades={"default": {"match": {"model": ["gpt-4o"]}, "tiers": ["exact", "semantic"], "mode": "serve"}},
            budgets=[{"name": "all", "limit_usd": 5, "window": "day"}],
            access_log={"file": os.path.join(self.folder, "access.jsonl")},
        )
        text, env = yaml(config).lstrip("\n") + "\n", {"TEST_KEY": "sk-secret"}
        gateway = Gateway(text, env=env, folder=self.folder)
        gateway.start()
        gateway.row(gateway.chat())
        gateway.stop()
        self.assertIn("budgets.jsonl, purges, trials, decisions, proof, lessons", self.only(self.doctor(config, 0), "state")["text"])
        stopped = set()
        for name in sorted(os.listdir(self.data)):
            path = os.path.join(self.data, name)
            if os.path.isdir(path) or name == "lock" or name.startswith("ledger."):
                continue
            with open(path, "rb") as f:
                was = f.read()
            damaged = b"{}\nthis is no such file\n" * 20
            with self.subTest(file=name):
                with open(path, "wb") as f:
                    f.write(damaged)
                result = self.run_doctor(config, "--offline", "--format", "json")
                with open(path, "rb") as f:
                    self.assertEqual(f.read(), damaged, "it is looked at, no more")
                again = Gateway(text, env=env, folder=self.folder, ready=False).start()
                wait_for(lambda: again.process.poll() is not None or "admin on" in again.log, 10 * PATIENCE, "a start or its end")
                if again.process.poll() is None:
                    again.stop()
                    self.assertEqual(result.returncode, 0, result.stdout)
                else:
                    stopped.add(name)
                    self.assertEqual(result.returncode, 1, result.stdout)
                    self.assertIn(path, [f for f in json.loads(result.stdout)["findings"] if f["level"] == "fail"][0]["text"])
            with open(path, "wb") as f:
                f.write(was)
        self.assertLessEqual({"budgets.jsonl", "purges", "trials", "decisions", "proof", "lessons"}, stopped)

    def test_an_access_log_that_cannot_be_opened(self):
        said = self.doctor(self.config(access_log={"file": os.path.join(self.folder, "nowhere", "access.jsonl")}), 1)
        self.assertEqual(self.only(said, "access log")["level"], "fail")

    def test_a_certificate_that_is_none_hides_nothing_else(self):
        pem = os.path.join(self.folder, "bad.pem")
        with open(pem, "w") as f:
            f.write("garbage\n")
        config = self.config(tls={"certificate": pem, "key": pem})
        report = self.doctor(config, 1)
        self.assertIn(pem, self.only(report, "configuration")["text"])
        self.assertTrue(self.about(report, "data"))
        checked = subprocess.run([BINARY, "check", "-c", report["file"]], env={"TEST_KEY": "sk-secret"}, capture_output=True, text=True, timeout=60)
        self.assertEqual(checked.returncode, 2, checked.stdout)
        self.assertRegex(checked.stderr, r"weir.yaml:\d+: tls: .*bad.pem")


if __name__ == "__main__":
    unittest.main()
